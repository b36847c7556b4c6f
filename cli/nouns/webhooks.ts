// `distropack webhook`.
import { Option } from 'commander'
import { addNoun, addWord, collect, ender, type Words, withOrganization, withYes } from '../words.ts'

const eventOption = () =>
  new Option('-e, --event <event...>', 'what to tell, as in build.failed; docs/webhooks.md lists them').argParser(
    collect,
  )

export const addWebhookWords = (words: Words): void => {
  const { env, terminal } = words
  const end = ender(words, () => import('../commands/webhooks.ts'))
  const webhook = addNoun(words, 'webhook', 'notices of what happened')
  const word = (name: string, description: string) => withOrganization(addWord(webhook, name, description))
  const ID = ['<webhook>', 'its id'] as const

  word('list', 'list webhooks').action((flags) => end((run) => run.listWebhooks(flags, env), flags))
  word('create', 'tell an address, a chat or a mailbox')
    .argument('<address>', "https://…, or a member's e-mail address")
    .addOption(eventOption().makeOptionMandatory())
    .addOption(new Option('--kind <kind>', 'of an https address').choices(['json', 'slack']).default('json'))
    .option('-p, --project <organization/name>', 'of this project alone')
    .action((address: string, flags) => end((run) => run.createWebhook(address, flags, env), flags))
  word('edit', 'change a webhook')
    .argument(...ID)
    .addOption(eventOption())
    .addOption(new Option('--on', 'tell again').conflicts('off'))
    .addOption(new Option('--off', 'tell no more, for now'))
    .action((id: string, flags) => end((run) => run.editWebhook(id, flags, env), flags))
  withYes(word('delete', 'delete a webhook'))
    .argument(...ID)
    .action((id: string, flags) => end((run) => run.deleteWebhook(id, flags, env, terminal), flags))
  word('test', 'send a test event')
    .argument(...ID)
    .action((id: string, flags) => end((run) => run.testWebhook(id, flags, env), flags))
  word('deliveries', 'list what was sent in the last 30 days, and what came back')
    .argument(...ID)
    .action((id: string, flags) => end((run) => run.listDeliveries(id, flags, env), flags))
  word('redeliver', 'send a delivery again')
    .argument(...ID)
    .argument('<delivery>', 'its id')
    .action((id: string, delivery: string, flags) => end((run) => run.redeliver(id, delivery, flags, env), flags))
}
