// `distropack org`, `member`, `invitation`.
import { Option } from 'commander'
import { addNoun, addWord, ender, type Words, withOrganization, withPerson, withServer, withYes } from '../words.ts'

const ROLES = ['owner', 'admin', 'publisher', 'reader']
const accessOption = () =>
  new Option('--default-access <access>', 'of projects that are made without a word on it').choices([
    'public',
    'private',
  ])
const roleOption = () => new Option('-r, --role <role>', 'what they may do').choices(ROLES)

export const addOrganizationWords = (words: Words): void => {
  const { env, terminal } = words
  const end = ender(words, () => import('../commands/organizations.ts'))

  const org = addNoun(words, 'org', 'organizations')
  withServer(addWord(org, 'list', 'list the organizations you belong to')).action((flags) =>
    end((run) => run.listOrganizations(flags, env), flags),
  )
  withPerson(addWord(org, 'create', 'make an organization; you own it'))
    .argument('<organization>', 'its name in addresses: a-z, 0-9 and -')
    .option('--name <name>', 'as people read it')
    .addOption(accessOption())
    .action((name: string, flags) => end((run) => run.createOrganization(name, flags, env, terminal), flags))
  withOrganization(addWord(org, 'show', 'show an organization')).action((flags) =>
    end((run) => run.showOrganization(flags, env), flags),
  )
  withOrganization(addWord(org, 'edit', 'change an organization'))
    .option('--name <name>', 'as people read it')
    .addOption(accessOption())
    .action((flags) => end((run) => run.editOrganization(flags, env), flags))
  withYes(withServer(addWord(org, 'delete', 'delete an organization that has no projects')))
    .argument('<organization>')
    .action((name: string, flags) => end((run) => run.deleteOrganization(name, flags, env, terminal), flags))
  withYes(withPerson(addWord(org, 'leave', 'leave an organization')))
    .argument('<organization>')
    .action((name: string, flags) => end((run) => run.leaveOrganization(name, flags, env, terminal), flags))

  const member = addNoun(words, 'member', 'the members of an organization')
  withOrganization(addWord(member, 'list', 'list members')).action((flags) =>
    end((run) => run.listMembers(flags, env), flags),
  )
  withOrganization(addWord(member, 'edit', 'give a member another role'))
    .argument('<member>', 'id or e-mail address')
    .addOption(roleOption().makeOptionMandatory())
    .action((who: string, flags) => end((run) => run.editMember(who, flags, env), flags))
  withYes(withOrganization(addWord(member, 'remove', 'remove a member, and their tokens')))
    .argument('<member>', 'id or e-mail address')
    .action((who: string, flags) => end((run) => run.removeMember(who, flags, env, terminal), flags))
  withOrganization(addWord(member, 'invite', 'invite somebody'))
    .argument('<email>')
    .addOption(roleOption().default('reader'))
    .action((email: string, flags) => end((run) => run.invite(email, flags, env), flags))

  const invitation = addNoun(words, 'invitation', 'invitations that are not yet accepted')
  withOrganization(addWord(invitation, 'list', 'list open invitations'))
    .option('--mine', 'those to you')
    .option('--email <address>', 'with --mine: who you are')
    .action((flags) => end((run) => run.listInvitations(flags, env, terminal), flags))
  withOrganization(addWord(invitation, 'revoke', 'take an invitation back'))
    .argument('<invitation>', 'its id')
    .action((id: string, flags) => end((run) => run.revokeInvitation(id, flags, env), flags))
  withPerson(addWord(invitation, 'accept', 'accept an invitation to you'))
    .argument('<invitation>', 'its id')
    .action((id: string, flags) => end((run) => run.acceptInvitation(id, flags, env, terminal), flags))
}
