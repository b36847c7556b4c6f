// Small shapes every wire shares: names, digests, faults, pages.
import * as z from 'zod'
import { FAULT_CODES } from '../fault.ts'
import { MAX_WARNING_CHARACTERS, MAX_WARNINGS, WARNING_CODES } from '../warning.ts'
import { requestObject } from './request.ts'

export const sha256Schema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'a sha256 is 64 lower-case hex digits')
  .meta({ description: 'SHA-256, lower-case hex' })

/** Organization and project names: they stand in URLs, apt suites, pacman repository names and key file names. */
export const slugSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,37}[a-z0-9])?$/, 'write 1 to 39 of a-z, 0-9 and -, not starting or ending with -')

/** An apt suite, and a folder in every other repository. `by-hash`-like words cannot clash: a channel is one segment. */
export const channelSchema = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9.-]{0,38}[a-z0-9])?$/, 'a channel is 1 to 40 of a-z, 0-9, . and -, as in "stable"')

/** Who may read a repository. */
export const projectAccessSchema = z.enum(['public', 'private'])

export const blobRefSchema = z.object({ sha256: sha256Schema, sizeBytes: z.number().int().nonnegative() })
/** The same as somebody sends it. */
export const sentBlobSchema = requestObject(blobRefSchema.shape)
export type BlobRef = z.infer<typeof blobRefSchema>

export const whereSchema = z.object({
  file: z.string().optional(),
  line: z.number().int().optional(),
  column: z.number().int().optional(),
  key: z.string().optional(),
})

export const faultSchema = z.object({
  code: z.enum(FAULT_CODES),
  message: z.string(),
  where: whereSchema.optional(),
  link: z.string().optional().meta({ description: 'The page where a person can do something about it.' }),
})

/** What was done all the same, though its maker should know. */
export const warningSchema = z
  .object({
    code: z.enum(WARNING_CODES),
    message: z.string().max(MAX_WARNING_CHARACTERS),
    where: whereSchema.optional(),
  })
  .meta({ id: 'Warning' })
export const warningsSchema = z.array(warningSchema).max(MAX_WARNINGS)

/** Body of every answer of 400 and above: a problem of RFC 9457. Programs read `error`. */
export const errorBodySchema = z
  .object({
    type: z.string().meta({ description: 'Address that explains the code' }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    instance: z.string(),
    error: faultSchema.extend({
      requestId: z.string().meta({ description: 'Quote it when you ask for help.' }),
      /** More of the same kind: every wrong key of a manifest, not only the first. */
      faults: z.array(faultSchema).optional(),
    }),
  })
  .meta({ id: 'Error' })
export type ErrorBody = z.infer<typeof errorBodySchema>
/** The part a program reads: it comes alone from a packager, and may come alone from a proxy of ours. */
export const refusalSchema = errorBodySchema.pick({ error: true })

export const pageQuerySchema = requestObject({
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})
/** Of jobs, whose cursor is a target: a file's name, which has up to 255 characters. */
export const jobsQuerySchema = requestObject({
  cursor: z.string().max(255).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() })
