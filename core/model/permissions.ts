// The written table of who may do what. One word a thing one can do, and the least role that may do it; routes,
// services and the dashboard ask here, and a test walks every route by it.

/** Each may all that those before it may. */
export const ROLES = ['reader', 'publisher', 'admin', 'owner'] as const
export type Role = (typeof ROLES)[number]

export const PERMISSIONS = {
  'organization.read': 'reader',
  'organization.edit': 'admin',
  'organization.delete': 'owner',
  'member.list': 'reader',
  'member.invite': 'admin',
  'member.edit': 'admin',
  'token.list': 'admin',
  'token.create': 'admin',
  'token.revoke': 'admin',
  'project.list': 'reader',
  'project.read': 'reader',
  'project.create': 'publisher',
  'project.edit': 'admin',
  'project.transfer': 'owner',
  'package.read': 'reader',
  'package.edit': 'publisher',
  'file.upload': 'publisher',
  'build.read': 'reader',
  'build.create': 'publisher',
  'artifact.read': 'reader',
  'artifact.yank': 'publisher',
  'artifact.delete': 'admin',
  'key.read': 'reader',
  'key.edit': 'admin',
  'publisher.read': 'reader',
  'publisher.edit': 'admin',
  'webhook.read': 'admin',
  'webhook.edit': 'admin',
  'audit.read': 'admin',
  'billing.read': 'admin',
  'billing.manage': 'owner',
} as const satisfies Readonly<Record<string, Role>>

export type Action = keyof typeof PERMISSIONS

const rankOf = (role: Role): number => ROLES.indexOf(role)

export const isAtLeast = (role: Role, least: Role): boolean => rankOf(role) >= rankOf(least)

export const mayDo = (role: Role, action: Action): boolean => isAtLeast(role, PERMISSIONS[action])

/** What two limits leave: a person's role and the reach of the token they act with. */
export const lesserRole = (a: Role, b: Role): Role => (rankOf(a) <= rankOf(b) ? a : b)
