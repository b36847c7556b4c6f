// `distropack key`, or `keys`.
import { Option } from 'commander'
import { addNoun, addWord, ender, type Words, withProject } from '../words.ts'

export const addKeyWords = (words: Words): void => {
  const { env } = words
  const end = ender(words, () => import('../commands/keys.ts'))
  const key = addNoun(words, 'key', 'signing keys, and how one follows another').alias('keys')
  const word = (name: string, description: string) => withProject(addWord(key, name, description))

  word('list', 'list the keys, those at work first').action((flags) => end((run) => run.listKeys(flags, env), flags))
  word('rotate', 'make the next keys: readers get them now, and both sign')
    .addOption(new Option('--kind <kind>', 'of the OpenPGP key').choices(['rsa4096', 'ed25519']).default('rsa4096'))
    .option('--import <file>', 'an OpenPGP key of your own, armored, without passphrase')
    .option('--import-rsa <file>', 'an abuild key of your own, NAME.rsa, without passphrase')
    .action((flags) => end((run) => run.rotateKeys(flags, env), flags))
  word('retire', 'sign with the next keys alone')
    .option('--compromised', 'tell readers to trust the old ones no more, also for packages they signed')
    .action((flags) => end((run) => run.retireKeys(flags, env), flags))
}
