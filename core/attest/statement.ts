// What is attested of an artifact: an in-toto statement (https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md)
// with SLSA provenance 1.0 (https://slsa.dev/spec/v1.0/provenance), in a DSSE envelope
// (https://github.com/secure-systems-lab/dsse/blob/master/envelope.md).

export interface Subject {
  readonly name: string
  readonly sha256: string
}

/** What went in: a manifest, a source file, a finished package. */
export interface Material {
  readonly name: string
  readonly sha256: string
}

export interface ProvenanceFacts {
  /** The platform's address; what it says it is stands below it. */
  readonly builderUrl: string
  readonly kind: 'build' | 'push'
  /** What the person or CI asked for. */
  readonly parameters: Readonly<Record<string, unknown>>
  /** Who asked, as the platform knows them: an account, a token, a CI identity with its claims. */
  readonly requestedBy: Readonly<Record<string, unknown>>
  readonly materials: readonly Material[]
  readonly jobId: string
  readonly startedAtMs: number
  readonly finishedAtMs: number
}

export interface Statement {
  readonly _type: 'https://in-toto.io/Statement/v1'
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[]
  readonly predicateType: string
  readonly predicate: unknown
}

export const stateOf = (subject: Subject, predicateType: string, predicate: unknown): Statement => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: subject.name, digest: { sha256: subject.sha256 } }],
  predicateType,
  predicate,
})

const isoOf = (ms: number): string => new Date(ms).toISOString()

export const provenanceOf = (subject: Subject, facts: ProvenanceFacts): Statement =>
  stateOf(subject, 'https://slsa.dev/provenance/v1', {
    buildDefinition: {
      buildType: `${facts.builderUrl}/buildtypes/${facts.kind}/v1`,
      externalParameters: facts.parameters,
      internalParameters: { requestedBy: facts.requestedBy },
      resolvedDependencies: facts.materials.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    },
    runDetails: {
      builder: { id: facts.builderUrl },
      metadata: {
        invocationId: `${facts.builderUrl}/jobs/${facts.jobId}`,
        startedOn: isoOf(facts.startedAtMs),
        finishedOn: isoOf(facts.finishedAtMs),
      },
    },
  })

export const PAYLOAD_TYPE = 'application/vnd.in-toto+json'

/** Pre-authentication encoding, DSSE protocol.md: what is signed. Lengths are of bytes. */
export const paeOf = (payload: Uint8Array): Uint8Array => {
  const encoder = new TextEncoder()
  const head = encoder.encode(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `)
  const bytes = new Uint8Array(head.length + payload.length)
  bytes.set(head)
  bytes.set(payload, head.length)
  return bytes
}

export interface Envelope {
  readonly payloadType: typeof PAYLOAD_TYPE
  /** base64 */
  readonly payload: string
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[]
}
