// The platform that the files of a part share: starting one, making a project's keys and building the same packages in
// every file took more than the clients under test did. A file of `e2e` has an organization of its own, a test of
// `install` a channel.
import { readFileSync } from 'node:fs'
import { inject } from 'vitest'
import { bootstrap, runCli } from '../../scripts/platform/seed.ts'
import { OWN_KEYS } from './own-keys.ts'
import type { UsedPlatform } from './platform.ts'
import { openProject, type PublishedProject } from './publishing.ts'

export const sharedPlatform = (): UsedPlatform => {
  const { url, operatorToken, logFile } = inject('sharedPlatform')
  return {
    url,
    organization: (name) => bootstrap(url, operatorToken, name),
    cli: (token, args, cwd) => runCli(args, { url, token }, cwd),
    log: () => readFileSync(logFile, 'utf8'),
  }
}

/** A build appears whole: where one index has it, all have. */
const hasStable = async ({ repositoryUrl }: PublishedProject): Promise<boolean> => {
  const packages = await fetch(`${repositoryUrl}/apt/dists/stable/main/binary-amd64/Packages`)
  return packages.ok && (await packages.text()).includes('\nVersion: 1.0.0\n')
}

/** `tested/hello`, with examples/hello 1.0.0 and nothing else in `stable`; published by the first file that opens it. */
export const openHello = async (): Promise<PublishedProject> => {
  const project = await openProject(sharedPlatform(), 'tested', 'hello', OWN_KEYS)
  if (!(await hasStable(project))) await project.publish('1.0.0')
  return project
}
