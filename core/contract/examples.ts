// One example for each body that somebody writes, for the API's document and its reference. A test parses each by its
// own schema, so that none of them goes stale.

const SHA256 = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'

const MANIFEST = `name: tool
arch: amd64
version: 1.4.0
maintainer: Ada <ada@example.org>
description: Does one thing well.
contents:
  - { src: ./tool, dst: /usr/bin/tool }
`

/** By the schema's id. */
export const EXAMPLES: Readonly<Record<string, unknown>> = {
  CreateOrganization: { organization: 'acme', name: 'Acme, Inc.', defaultAccess: 'private' },
  EditOrganization: { name: 'Acme Software', defaultAccess: 'private' },
  Invite: { email: 'grace@example.org', role: 'publisher' },
  EditMember: { role: 'admin' },
  CreateToken: { name: 'release machine', scopes: ['publish'], project: 'tool' },
  CreatePersonalToken: { name: 'laptop', scopes: ['read'], organization: 'acme' },
  RotateToken: { overlapSeconds: 86_400 },
  CreateProject: { access: 'public', signing: { kind: 'rsa4096' } },
  EditProject: { access: 'private' },
  TransferProject: { organization: 'acme-labs' },
  MissingBlobsRequest: { blobs: [{ sha256: SHA256, sizeBytes: 4 }] },
  StartUpload: { sizeBytes: 500_000_000 },
  CreateBuild: {
    manifest: MANIFEST,
    targets: ['deb/amd64', 'rpm/amd64'],
    channel: 'stable',
    sources: [{ kind: 'file', path: 'tool', mode: 0o755, mtimeSeconds: 1_795_000_000, sizeBytes: 4, sha256: SHA256 }],
  },
  CreatePush: { channel: 'beta', files: [{ fileName: 'tool_1.4.0_amd64.deb', sha256: SHA256, sizeBytes: 4 }] },
  CheckPush: {
    channel: 'beta',
    files: [{ fileName: 'tool.deb', sha256: SHA256, sizeBytes: 4, name: 'tool', version: '1.4.0', arch: 'amd64' }],
  },
  Withdraw: { channel: 'stable' },
  CreatePackage: {
    package: 'tool',
    manifest: MANIFEST.replace('./tool', 'slot:binary'),
    targets: ['deb/amd64', 'apk/amd64'],
    channel: 'stable',
  },
  EditPackage: { channel: 'beta' },
  AddPackageFile: { sha256: SHA256, sizeBytes: 4, fileName: 'tool', mode: 0o755 },
  BuildPackage: { version: '1.4.0' },
  CreateTrustedPublisher: {
    name: 'release',
    trust: { provider: 'github', repository: 'acme/tool', workflow: 'release.yml', ref: 'refs/tags/v*' },
  },
  ExchangeIdentity: { organization: 'acme', project: 'tool', token: 'eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJl' },
  CreateWebhook: { target: { kind: 'json', url: 'https://ci.example.org/hooks' }, events: ['artifact.published'] },
  EditWebhook: { enabled: true },
  RotateKeys: { signing: { kind: 'rsa4096' } },
  RetireKeys: { compromised: false },
  BillingChoice: { plan: 'pro' },
  CreateUser: { email: 'ada@example.org', name: 'Ada', password: 'correct horse battery', organization: 'acme' },
  EditUser: { isOperator: true },
  InviteToInstance: { email: 'grace@example.org' },
  EditPlatformState: { readOnly: true, reason: 'moving to another account' },
  Bootstrap: { organization: 'acme' },
}
