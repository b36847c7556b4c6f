// `distropack publish`, `push`.
import { addWord, ender, type Words, withAccess, withManifest, withProject, withWaiting } from '../words.ts'

export const addPublishingWords = (words: Words, targetsHelp: string): void => {
  const { env, terminal, program } = words
  const publish = ender(words, () => import('../commands/publish.ts'))
  const push = ender(words, () => import('../commands/push.ts'))

  withWaiting(withAccess(withProject(withManifest(addWord(program, 'publish', 'build on the server and publish')))))
    .option('-c, --channel <name>', 'what readers subscribe to', 'stable')
    .option('--sbom <path>', 'your own bill of materials (CycloneDX or SPDX, JSON), served beside the packages')
    .addHelpText('after', targetsHelp)
    .action(({ timeout, ...flags }) =>
      publish((run) => run.publish({ ...flags, timeoutSeconds: timeout }, env, terminal), flags),
    )

  withWaiting(withAccess(withProject(addWord(program, 'push', 'publish finished packages, made by anything'))))
    .argument('<file...>', 'packages: .deb, .apk, …')
    .option('-c, --channel <name>', 'what readers subscribe to', 'stable')
    .action((files: readonly string[], { timeout, ...flags }) =>
      push((run) => run.push(files, { ...flags, timeoutSeconds: timeout }, env, terminal), flags),
    )
}
