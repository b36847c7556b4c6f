// The licences of what the bundle contains, as they ask to be handed on.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const LICENSE_FILE = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i

const folderOf = (input) => input.match(/^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//)?.[1]

const noticeOf = (root, folder) => {
  const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
  const texts = readdirSync(join(root, folder))
    .filter((file) => LICENSE_FILE.test(file))
    .sort()
    .map((file) => readFileSync(join(root, folder, file), 'utf8').trim())
  if (!license || texts.length === 0) throw new Error(`${name} is bundled, and says no licence`)
  return [`${name} ${version} (${license})`, '', ...texts].join('\n')
}

/** `inputs`: what was bundled, paths below `root`. */
export const writeNotices = (root, inputs) => {
  const folders = new Set(inputs.map(folderOf).filter(Boolean))
  const notices = [...folders]
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .sort()
    .map((folder) => noticeOf(root, folder))
  return `${['This program contains these works of others.', ...notices].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}
