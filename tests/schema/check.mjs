// SPDX-License-Identifier: MIT
//
// Grammars of JSON Schemas against ajv: node check.mjs WALK CASES. For each case of cases.json:
//
//   what the grammar accepts on random walks is valid; of the case's own values, `valid` are
//   accepted, `invalid` are not and ajv says the same; `lost` are valid and yet not in the grammar,
//   as docs/json-schema.md says; `refused` is in the sentence that refuses the schema.
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

let Ajv, Ajv2020, formats;
try {
    Ajv = (await import('ajv')).default;
    Ajv2020 = (await import('ajv/dist/2020.js')).default;
    formats = (await import('ajv-formats')).default;
} catch {
    console.log('ajv is not here: npm ci --prefix tests/schema');
    process.exit(77);
}

const [walk, file] = process.argv.slice(2);
const seeds = 20;
const folder = mkdtempSync(join(tmpdir(), 'sigilo-schema-'));
const path = join(folder, 'schema.json');
const options = {strict: false, allErrors: false, logger: false};
let failures = 0, strings = 0;

function report(name, what) {
    failures++;
    console.log(`${name}: ${what}`);
}

function lines(text) {
    return text.split('\n').slice(0, -1);
}

function run(...args) {
    return spawnSync(walk, args, {encoding: 'utf8', maxBuffer: 1 << 28});
}

function checkWalks(c, validate) {
    const got = run('random', path, '1', String(seeds));
    if (got.status !== 0) return report(c.name, `refused: ${got.stderr.trim()}`);
    const walks = lines(got.stdout);
    if (walks.length < seeds / 2) report(c.name, `only ${walks.length} walks came to an end`);
    for (const line of walks) {
        strings++;
        try {
            if (!validate(JSON.parse(line))) report(c.name, `accepted, yet not valid: ${line}`);
        } catch {
            report(c.name, `accepted, yet no JSON: ${line}`);
        }
    }
}

function checkValues(c, validate) {
    const wanted = [];
    for (const [list, valid, accepted] of [[c.valid, true, true], [c.invalid, false, false], [c.lost ?? [], true, false]])
        for (const value of list) wanted.push({text: JSON.stringify(value), valid, accepted});
    if (!wanted.length) return;
    const input = wanted.map((w) => w.text + '\n').join('');
    const got = spawnSync(walk, ['accepts', path], {encoding: 'utf8', input});
    if (got.status !== 0) return report(c.name, `refused: ${got.stderr.trim()}`);
    const answers = lines(got.stdout);
    wanted.forEach((w, i) => {
        if (validate(JSON.parse(w.text)) !== w.valid) report(c.name, `ajv does not find ${w.valid ? 'valid' : 'invalid'}: ${w.text}`);
        if ((answers[i] === '1') !== w.accepted) report(c.name, `${w.accepted ? 'not accepted' : 'accepted'}: ${w.text}`);
    });
}

function check(c) {
    writeFileSync(path, JSON.stringify(c.schema));
    if ('refused' in c) {
        const got = run('random', path, '1', '1');
        if (got.status === 0 || !got.stderr.includes(c.refused)) report(c.name, `not refused for "${c.refused}": ${got.stderr}`);
        return;
    }
    const old = String(c.schema.$schema).includes('draft-07');
    const ajv = old ? new Ajv(options) : new Ajv2020(options);
    formats(ajv);
    const validate = ajv.compile(c.schema);
    checkWalks(c, validate);
    checkValues(c, validate);
}

const cases = JSON.parse(readFileSync(file, 'utf8'));
for (const c of cases) check(c);
rmSync(folder, {recursive: true});
console.log(`${cases.length} schemas, ${strings} strings, ${failures} failures`);
process.exit(failures ? 1 : 0);
