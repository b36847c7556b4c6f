// Lists by pages: a page's cursor is the id of its last row, and the next page begins behind it.
import { asc, desc, gt, lt, type SQL } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'

export interface PageQuery {
  readonly cursor?: string | undefined
  readonly limit: number
}

export interface Page<T> {
  readonly items: T[]
  /** Null on the last page. */
  readonly nextCursor: string | null
}

/** The column a list is in the order of, and in which direction. Ids begin with their time. */
export interface Order {
  readonly column: SQLiteColumn
  readonly isNewestFirst: boolean
}
export const newestFirst = (column: SQLiteColumn): Order => ({ column, isNewestFirst: true })
export const oldestFirst = (column: SQLiteColumn): Order => ({ column, isNewestFirst: false })

/** What a list's own statement needs of the page: a condition, an order, and one row more than the page shows. */
export interface PagePart {
  readonly beyond: SQL | undefined
  readonly order: SQL
  readonly limit: number
}

export const readPage = async <Row>(
  { cursor, limit }: PageQuery,
  { column, isNewestFirst }: Order,
  read: (part: PagePart) => PromiseLike<readonly Row[]>,
  idOf: (row: Row) => string,
): Promise<{ readonly rows: readonly Row[]; readonly nextCursor: string | null }> => {
  const beyond = cursor ? (isNewestFirst ? lt : gt)(column, cursor) : undefined
  const found = await read({ beyond, order: (isNewestFirst ? desc : asc)(column), limit: limit + 1 })
  const rows = found.slice(0, limit)
  const last = rows.at(-1)
  return { rows, nextCursor: found.length > limit && last !== undefined ? idOf(last) : null }
}
