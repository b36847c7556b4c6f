// `distropack manifest`, `upload`.
import { addNoun, addWord, collect, ender, type Words, withProject, withWaiting } from '../words.ts'

const NAME = ['<name>', 'of the kept manifest'] as const

export const addManifestWords = (words: Words): void => {
  const { env, terminal, program } = words
  const end = ender(words, () => import('../commands/manifests.ts'))
  const first = ender(words, () => import('../commands/first-tools.ts'))
  const manifest = addNoun(words, 'manifest', 'manifests that the server keeps, with slots for uploads')
  const word = (name: string, description: string) => withProject(addWord(manifest, name, description))
  const changing = (name: string, description: string) =>
    word(name, description)
      .argument(...NAME)
      .option('-t, --target <target...>', 'targets, instead of what it says itself', collect)
      .option('-c, --channel <name>', 'where its builds are published')

  word('list', 'list the manifests of the project').action((flags) =>
    end((run) => run.listManifests(flags, env), flags),
  )
  word('show', 'show a manifest and its slots')
    .argument(...NAME)
    .option('--text', 'the manifest itself, and nothing else')
    .action((name: string, flags) => end((run) => run.showManifest(name, flags, env), flags))
  changing('create', 'let the server keep a manifest')
    .requiredOption('-f, --file <path>', 'the manifest; `src: slot:NAME` stands for an upload')
    .action((name: string, flags) => end((run) => run.createManifest(name, flags, env), flags))
  changing('edit', 'change a kept manifest')
    .option('-f, --file <path>', 'the new text')
    .action((name: string, flags) => end((run) => run.editManifest(name, flags, env), flags))
  word('archive', 'take no more builds of it')
    .argument(...NAME)
    .action((name: string, flags) => end((run) => run.archiveManifest(name, true, flags, env), flags))
  word('unarchive', 'take it up again')
    .argument(...NAME)
    .action((name: string, flags) => end((run) => run.archiveManifest(name, false, flags, env), flags))
  word('uploads', 'list every upload to its slots, newest first')
    .argument(...NAME)
    .action((name: string, flags) => end((run) => run.listUploads(name, flags, env), flags))
  withWaiting(word('build', 'build and publish it from the newest upload of each slot'))
    .argument(...NAME)
    .option('--version <version>', "instead of the manifest's own")
    .option('-t, --target <target...>', 'instead of its own targets', collect)
    .option('-c, --channel <name>', 'instead of its own channel')
    .action((name: string, flags) => end((run) => run.buildManifest(name, flags, env, terminal), flags))

  withProject(addWord(program, 'upload', 'upload a file to a slot of a kept manifest'))
    .argument('[file]')
    .option('--package <name>', 'the kept manifest')
    .option('--slot <slot>', 'which of its slots')
    .option('--package-id <id>', "as the first DistroPack's tool names it")
    .option('--ref-id <slot>', 'the same')
    .option('--file <path>', 'the same')
    .action(async (path: string | undefined, flags) => {
      if (flags.packageId !== undefined && flags.refId !== undefined && flags.file !== undefined) {
        return first((run) => run.uploadById(flags, env), flags)
      }
      const { package: kept, slot } = flags
      if (path === undefined || kept === undefined || slot === undefined) {
        return program.error('error: write upload FILE --package NAME --slot SLOT')
      }
      return end((run) => run.uploadToSlot(path, { ...flags, package: kept, slot }, env, terminal), flags)
    })
}
