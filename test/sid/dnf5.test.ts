// dnf 5 and rpm 6, which no Debian release has yet: from the root of the unreleased suite.
import { afterAll, beforeAll } from 'vitest'
import { MOVING_SUITE } from '../../scripts/testing/roots.ts'
import { startTestPlatform, type TestPlatform } from '../support/platform.ts'
import { describeRpmClients } from '../support/rpm-client-laws.ts'
import { dnf } from '../support/rpm-clients.ts'

let platform: TestPlatform
beforeAll(async () => {
  platform = await startTestPlatform()
})
afterAll(() => platform?.stop())

describeRpmClients(MOVING_SUITE, [dnf], () => platform)
