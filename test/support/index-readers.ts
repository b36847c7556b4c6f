// What the indexes of a published channel claim, read as clients read them: which paths, of which size and digest.
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { collectBytes, fromUtf8, sourceOf } from '@distropack/core/bytes/arrays.ts'
import { readTar } from '@distropack/core/bytes/tar-read.ts'
import { inspectTools } from './core-host.ts'
import { findChild, findChildren, parseXml, parseXmlRoots, type XmlNode } from './xml.ts'

export interface Claim {
  readonly path: string
  /** Where the index says it. */
  readonly sizeBytes?: number
  /** Algorithm and hex of the whole file, or of a part a reader cuts out. */
  readonly sha256?: string
  readonly sha1OfSecondMember?: string
}

/** Bytes of a published path; undefined when nothing is there. */
export type ReadPath = (path: string) => Uint8Array | undefined

const text = (read: ReadPath, path: string): string => {
  const bytes = read(path)
  if (!bytes) throw new Error(`${path} is not there`)
  return fromUtf8(bytes)
}

const aptClaims = async (read: ReadPath, paths: readonly string[]): Promise<readonly Claim[]> => {
  const claims: Claim[] = []
  for (const release of paths.filter((path) => path.endsWith('/Release'))) {
    const suite = release.slice(0, -'/Release'.length)
    for (const [, sha256, size, name] of text(read, release).matchAll(/^ ([0-9a-f]{64}) (\d+) (.+)$/gm)) {
      const folder = name!.slice(0, name!.lastIndexOf('/'))
      claims.push({ path: `${suite}/${name}`, sizeBytes: Number(size), sha256: sha256! })
      claims.push({ path: `${suite}/${folder}/by-hash/SHA256/${sha256}`, sizeBytes: Number(size), sha256: sha256! })
    }
  }
  for (const packages of paths.filter((path) => path.startsWith('apt/') && path.endsWith('/Packages'))) {
    for (const stanza of text(read, packages)
      .split('\n\n')
      .filter((each) => each !== '')) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? ''
      claims.push({ path: `apt/${field('Filename')}`, sizeBytes: Number(field('Size')), sha256: field('SHA256') })
    }
  }
  return claims
}

const apkClaims = async (read: ReadPath, paths: readonly string[]): Promise<readonly Claim[]> => {
  const claims: Claim[] = []
  for (const index of paths.filter((path) => path.endsWith('/APKINDEX.tar.gz'))) {
    const channel = index.split('/').slice(0, 2).join('/')
    let records = ''
    for await (const member of readTar(sourceOf(new Uint8Array(gunzipSync(read(index)!))), inspectTools.budget)) {
      if (member.name === 'APKINDEX') records = fromUtf8(await collectBytes(member.body))
    }
    for (const record of records.split('\n\n').filter((each) => each !== '')) {
      const fields = Object.fromEntries(record.split('\n').map((line) => [line[0]!, line.slice(2)]))
      claims.push({
        path: `${channel}/${fields.A}/${fields.P}-${fields.V}.apk`,
        sizeBytes: Number(fields.S),
        sha1OfSecondMember: Buffer.from(fields.C!.slice(2), 'base64').toString('hex'),
      })
    }
  }
  return claims
}

const pacmanClaims = async (read: ReadPath, paths: readonly string[]): Promise<readonly Claim[]> => {
  const claims: Claim[] = []
  for (const database of paths.filter((path) => /\.(?:db|files)$/.test(path))) {
    const folder = database.slice(0, database.lastIndexOf('/'))
    if (!read(`${database}.sig`)) throw new Error(`${database} has no signature`)
    for await (const member of readTar(sourceOf(new Uint8Array(gunzipSync(read(database)!))), inspectTools.budget)) {
      if (!member.name.endsWith('/desc')) continue
      const desc = fromUtf8(await collectBytes(member.body))
      const field = (name: string) => new RegExp(`%${name}%\\n(.*)\\n`).exec(desc)?.[1] ?? ''
      const path = `${folder}/${field('FILENAME')}`
      claims.push({ path, sizeBytes: Number(field('CSIZE')), sha256: field('SHA256SUM') })
      // pacman fetches it, and nothing says its size.
      claims.push({ path: `${path}.sig` })
    }
  }
  return claims
}

const opkgClaims = async (read: ReadPath, paths: readonly string[]): Promise<readonly Claim[]> => {
  const claims: Claim[] = []
  for (const list of paths.filter((path) => /^opkg\/.*\/Packages$/.test(path))) {
    const folder = list.slice(0, list.lastIndexOf('/'))
    const plain = text(read, list)
    if (fromUtf8(new Uint8Array(gunzipSync(read(`${list}.gz`)!))) !== plain) throw new Error(`${list}.gz differs`)
    claims.push({ path: `${list}.sig` })
    for (const stanza of plain.split('\n\n').filter((each) => each !== '')) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? ''
      const path = `${folder}/${field('Filename')}`
      claims.push({ path, sizeBytes: Number(field('Size')), sha256: field('SHA256sum') })
    }
  }
  return claims
}

/** A file as repomd.xml states it; the open size is of what is inside. */
const checkMetadata = (read: ReadPath, base: string, data: XmlNode): XmlNode => {
  const path = `${base}/${findChild(data, 'location').attributes.href}`
  const open = new Uint8Array(gunzipSync(read(path) ?? new Uint8Array()))
  const stated = Number(findChild(data, 'open-size').text)
  const found = open.length
  if (stated !== found) throw new Error(`${path}: repomd.xml says ${stated}, inside is ${found}`)
  const document = parseXml(fromUtf8(open))
  if (document.name === 'updates') return document
  const packages = findChildren(document, 'package').length
  if (document.attributes.packages !== String(packages)) {
    throw new Error(`${path} says packages="${document.attributes.packages}" and has ${packages}`)
  }
  return document
}

/** What advisories say of packages, by the names of their files. */
const adviceClaims = (updates: XmlNode, base: string): readonly Claim[] =>
  findChildren(updates, 'update').map((update) => {
    const [collection] = findChildren(findChild(update, 'pkglist'), 'collection')
    const package_ = findChild(collection!, 'package')
    const { name, epoch } = package_.attributes
    const folder = `Packages/${name!.slice(0, 1).toLowerCase()}/${epoch === '0' ? '' : `epoch-${epoch}/`}`
    const path = `${base}/${folder}${findChild(package_, 'filename').text}`
    return { path, sha256: findChild(package_, 'sum').text }
  })

const rpmClaims = async (read: ReadPath, paths: readonly string[]): Promise<readonly Claim[]> => {
  const claims: Claim[] = []
  for (const repomd of paths.filter((path) => path.endsWith('/repodata/repomd.xml'))) {
    const base = repomd.slice(0, -'/repodata/repomd.xml'.length)
    for (const data of findChildren(parseXml(text(read, repomd)), 'data')) {
      const document = checkMetadata(read, base, data)
      claims.push({
        path: `${base}/${findChild(data, 'location').attributes.href}`,
        sizeBytes: Number(findChild(data, 'size').text),
        sha256: findChild(data, 'checksum').text,
      })
      if (document.name === 'updates') claims.push(...adviceClaims(document, base))
      if (document.name !== 'metadata') continue
      for (const each of findChildren(document, 'package')) {
        claims.push({
          path: `${base}/${findChild(each, 'location').attributes.href}`,
          sizeBytes: Number(findChild(each, 'size').attributes.package),
          sha256: findChild(each, 'checksum').text,
        })
      }
    }
  }
  return claims
}

const downloadClaims = async (read: ReadPath, paths: readonly string[]): Promise<readonly Claim[]> => {
  const claims: Claim[] = []
  for (const index of paths.filter((path) => /^files\/[^/]+\/index\.json$/.test(path))) {
    const folder = index.slice(0, index.lastIndexOf('/'))
    const { files } = JSON.parse(text(read, index)) as { files: { file: string; sizeBytes: number; sha256: string }[] }
    const sums = new Map(
      [...text(read, `${folder}/SHA256SUMS`).matchAll(/^([0-9a-f]{64}) {2}(.+)$/gm)].map(([, sum, file]) => [
        file!,
        sum!,
      ]),
    )
    for (const { file, sizeBytes, sha256 } of files.slice(1)) {
      if (sums.get(file) !== sha256) throw new Error(`${file} has another sum in SHA256SUMS`)
      claims.push({ path: `${folder}/${file}`, sizeBytes, sha256 })
    }
    for (const [file, sha256] of sums)
      claims.push({ path: `${folder}/${file}`, sizeBytes: read(`${folder}/${file}`)?.length ?? -1, sha256 })
  }
  return claims
}

/** A format without a reader fails its laws: write one. */
export const INDEX_READERS: Readonly<
  Record<string, (read: ReadPath, paths: readonly string[]) => Promise<readonly Claim[]>>
> = {
  deb: aptClaims,
  rpm: rpmClaims,
  apk: apkClaims,
  arch: pacmanClaims,
  ipk: opkgClaims,
  'tar.gz': downloadClaims,
  'tar.xz': downloadClaims,
  'tar.zst': downloadClaims,
  zip: downloadClaims,
}

/** Stanzas end at an empty line. */
const countStanzas = (row: string): number => row.split('\n\n').length - Number(row.endsWith('\n\n'))

const countLines = (row: string): number => row.trim().split('\n').length - Number(row.startsWith(',\n'))

/** How many records an index row is: a value that broke out of its place would make another. */
export const COUNT_RECORDS: Readonly<Record<string, (row: string) => number>> = {
  deb: countStanzas,
  rpm: (row) => parseXmlRoots(row).length,
  apk: countStanzas,
  ipk: countStanzas,
  // One line each, with the break in front or behind; pacman's rows have groups.
  'tar.gz': countLines,
  'tar.xz': countLines,
  'tar.zst': countLines,
  zip: countLines,
}

export const digest = (name: 'sha1' | 'sha256', bytes: Uint8Array): string =>
  createHash(name).update(bytes).digest('hex')
