// `distropack package`; `packages`, `yank`, `unyank` and `delete` are short for four of its words.
import type { Command } from 'commander'
import { addNoun, addWord, ender, type Words, withDryRun, withProject, withYes } from '../words.ts'

const MEANT = ['<package>', 'NAME, NAME@VERSION, a file name, an id, or a version that one package alone has'] as const

export const addPackageWords = (words: Words): void => {
  const { env, terminal, program } = words
  const end = ender(words, () => import('../commands/packages.ts'))

  const list = (parent: Command, name: string) =>
    withProject(addWord(parent, name, 'list what is published')).action((flags) =>
      end((run) => run.packages(flags, env), flags),
    )
  const withdrawals = (parent: Command): void => {
    withDryRun(withProject(addWord(parent, 'yank', 'offer it no more; its exact address still serves it')))
      .argument(...MEANT)
      .option('-c, --channel <name>', 'of this channel alone')
      .action((word: string, flags) => end((run) => run.yank(word, flags, env, terminal), flags))
    withDryRun(withProject(addWord(parent, 'unyank', 'offer it again')))
      .argument(...MEANT)
      .option('-c, --channel <name>', 'in this channel alone')
      .action((word: string, flags) => end((run) => run.unyank(word, flags, env, terminal), flags))
    withYes(withDryRun(withProject(addWord(parent, 'delete', 'take it away; its version stays taken'))))
      .argument(...MEANT)
      .action((word: string, flags) => end((run) => run.remove(word, flags, env, terminal), flags))
  }

  const noun = addNoun(words, 'package', 'what is published')
  list(noun, 'list')
  withProject(addWord(noun, 'show', "show a package's files, sizes, hashes and channels"))
    .argument(...MEANT)
    .action((word: string, flags) => end((run) => run.showPackage(word, flags, env), flags))
  withProject(addWord(noun, 'download', 'download its files, checked against their hashes'))
    .argument(...MEANT)
    .option('-o, --out <folder>', 'where they go', '.')
    .action((word: string, flags) => end((run) => run.downloadPackages(word, flags, env, terminal), flags))
  withdrawals(noun)
  list(program, 'packages')
  withdrawals(program)
}
