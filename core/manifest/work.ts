// What resolving a manifest may cost, for all targets of one request together, and what was worked out for the others.
import { type Budget, type BudgetHost, createBudget, REQUEST_LIMITS } from '../budget.ts'
import { type GlobMemory, openGlobMemory } from './glob.ts'

export interface Work {
  readonly budget: Budget
  readonly globs: GlobMemory
}

export const openWork = (host: BudgetHost = {}): Work => ({
  budget: createBudget(REQUEST_LIMITS, host),
  globs: openGlobMemory(),
})
