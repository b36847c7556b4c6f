// `distropack audit`.
import { addWord, ender, parseCount, type Words, withOrganization } from '../words.ts'

export const addAuditWord = (words: Words): void => {
  const end = ender(words, () => import('../commands/audit.ts'))
  withOrganization(addWord(words.program, 'audit', 'show who did what, newest first'))
    .option('--action <name>', 'of this kind alone, as in artifact.deleted')
    .option('--actor <id>', 'of this actor alone')
    .option('--from <time>', 'from this day or moment on')
    .option('--until <time>', 'before this day or moment')
    .option('-n, --limit <count>', 'at most so many', parseCount, 50)
    .option('--out <file>', 'write all of them to a file, as JSON lines')
    .action((flags) => end((run) => run.audit(flags, words.env), flags))
}
