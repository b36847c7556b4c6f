#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs'

const { env, argv } = process

const runProgram = async () => {
  // Compiled code is kept, which halves the start. In the user's own folder, not in the /tmp that Node would take:
  // whoever writes there decides what runs here.
  const cacheHome = env.XDG_CACHE_HOME || (env.HOME && `${env.HOME}/.cache`)
  const { default: module } = await import('node:module')
  if (cacheHome) module.enableCompileCache?.(`${cacheHome}/distropack/compiled`)

  // V8 would let garbage double its room again and again, to 100 MB and more for a package of 100,000 files.
  const { setFlagsFromString } = await import('node:v8')
  setFlagsFromString('--semi-space-growth-factor=1')

  // In a checkout the program follows its sources; an installed package has no such file.
  const maker = new URL('../bundle.mjs', import.meta.url)
  await import(existsSync(maker) ? await (await import(maker.href)).ensureBundle() : '../dist/distropack.mjs')
}

// Scripts ask this often, and it needs nothing of the program.
const isVersionAsked = argv.length === 3 && ['-V', '--version'].includes(argv[2])
if (isVersionAsked) console.log(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version)
else await runProgram()
