/** Name in action/dist -> text. */
export const bundleAction: () => Promise<Readonly<Record<string, string>>>
