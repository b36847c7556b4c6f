// What a packed item's words may be, whatever the format: they stand one a line in lists and in tar headers.
import { type Fault, fault } from '../fault.ts'
import type { PackagedItem } from '../model/spec.ts'
import { hasControl, quoteForMessage } from './line.ts'

/** useradd(8)'s pattern with capitals and dots, which Debian allows; 31 bytes is what a tar header holds. */
const OWNER = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,29}[A-Za-z0-9_.$-]?$/

const itemFaults = (item: PackagedItem): readonly Fault[] => {
  const faults: Fault[] = []
  if (hasControl(item.path) || (item.kind === 'symlink' && hasControl(item.target))) {
    faults.push(
      fault('path_unsafe', `The path ${quoteForMessage(item.path)} or its target has a control character. Rename it.`),
    )
  }
  if (!item.path.startsWith('/') || item.path.split('/').includes('..')) {
    faults.push(fault('path_unsafe', `The path ${quoteForMessage(item.path)} must be absolute and without "..".`))
  }
  for (const name of [item.owner, item.group]) {
    if (OWNER.test(name)) continue
    faults.push(
      fault(
        'field_invalid',
        `${quoteForMessage(item.path)} belongs to ${quoteForMessage(name)}, which is no user or group name.`,
      ),
    )
  }
  return faults
}

export const itemsFaults = (items: readonly PackagedItem[]): readonly Fault[] => items.flatMap(itemFaults)
