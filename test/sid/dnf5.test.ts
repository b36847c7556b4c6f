// dnf 5 and rpm 6, which no Debian release has yet: from the root of the unreleased suite.
import { MOVING_SUITE } from '../../scripts/testing/roots.ts'
import { describeRpmClients } from '../support/rpm-client-laws.ts'
import { dnf } from '../support/rpm-clients.ts'

describeRpmClients(MOVING_SUITE, [dnf])
