'use strict';

// Each verb through a framework as it comes from npm: what it did, and what a user sees when it cannot.
// What no framework has a part in is tested `once`, with osls.

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const table = require('./configurations.json');
const { FRAMEWORK, HOME, ROOT, installed, isthmus, readableByOthers, run, serviceFrom, surroundings } = require('./service');

const once = FRAMEWORK === 'osls' ? test : () => {};
const OWN_APP = path.join(ROOT, 'examples', 'own-app');
const CHANGE = fs.readFileSync(path.join(OWN_APP, 'requests', 'change-1.json'), 'utf8');
const SECRET = 'planted-hunter2';

const own = () => serviceFrom(OWN_APP);

const said = (done) => done.stdout + done.stderr; // frameworks print errors on either

const runs = (folder) => JSON.parse(isthmus(folder, 'workflows', 'list', '--json'));

test('info shows where a stage goes, and what reaches every contract', async () => {
  const done = await run(own(), ['info', '--stage', 'azure']);

  assert.equal(done.code, 0, done.all);
  assert.match(done.stdout, /cloud +azure/);
  assert.match(done.stdout, /region +northeurope/);
  assert.match(done.stdout, /change_address +workflow +normal +POST \/changes/);
  assert.match(done.stdout, /keep_late_opinion +handler +normal +late SecondOpinion/);
});

test('invoke local starts one run, and the same one again', async () => {
  const folder = own();
  const asked = ['invoke', 'local', '-f', 'change', '-d', CHANGE];

  const first = await run(folder, asked);
  const again = await run(folder, ['invoke', 'local', '-f', 'change', '-p', 'requests/change-1.json']);

  assert.match(first.stdout, /run [0-9a-f]{32} of change_address is running/);
  assert.equal(first.stdout, again.stdout);
  assert.deepEqual(runs(folder).map((one) => [one.contract, one.status]), [['change_address', 'running']]);
});

test('offline serves the service until it is told to stop', async () => {
  const folder = own();
  const answers = [];
  let asked;
  const done = await run(folder, ['offline', '--port', '0'], {
    onStart(child, { stderr }) {
      const [, address] = stderr.match(/serving addresses at (\S+)/) || [];
      if (!address || asked) return;
      asked = fetch(`${address}/changes`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: CHANGE })
        .then((answer) => answers.push(answer.status))
        .finally(() => child.kill('SIGINT'));
    },
  });

  assert.deepEqual([answers, done.code], [[202], 0], done.all);
  assert.equal(runs(folder).length, 1);
});

test('package writes one archive, with the folder that Azure indexes', async () => {
  const folder = own();
  const done = await run(folder, ['package', '--stage', 'azure', '--package', 'out']);
  assert.equal(done.code, 0, done.all);
  const inside = (name) => contentOf(path.join(folder, 'out', 'isthmus.zip'), name);

  assert.match(done.stdout, /post_changes +durableClient, httpTrigger +POST \/changes/);
  assert.equal(JSON.parse(inside('stage.json')).stage, 'azure');
  assert.ok(JSON.parse(inside('package/functions.json')).some((one) => one.name === 'change_address'));
  assert.match(inside('package/addresses_service.py'), /app = composed\(/);
  assert.match(inside('package/addresses/handlers.py'), /keep_in_records/);
  assert.deepEqual(fs.readdirSync(path.join(folder, 'out')), ['isthmus.zip']);
});

once('lock keeps the versions of a workflow that serverless.yml describes', async () => {
  const folder = own();
  fs.rmSync(path.join(folder, 'workflows.lock'));
  fs.rmSync(path.join(folder, 'pyproject.toml'));

  const before = await run(folder, ['lock', '--check']);
  const done = await run(folder, ['lock']);

  assert.equal(before.code, 1);
  assert.match(said(before), /ISTH116/);
  assert.match(done.stdout, /locked change_address [0-9a-f]{16}/);
  assert.match(fs.readFileSync(path.join(folder, 'workflows.lock'), 'utf8'), /\[addresses\]\nchange_address = /);
});

// What cannot be

test('a wrong configuration is refused in the same words as on the Python side', async () => {
  const Serverless = require(HOME);
  const folder = own();
  const plugin = require(path.join(installed, 'serverless-isthmus'));
  for (const { name, at, value, said: expected } of [...table.wrong, { name: 'right', said: [] }]) {
    const configuration = structuredClone(table.right);
    let inner = configuration;
    for (const key of (at || []).slice(0, -1)) inner = inner[key];
    if (at) inner[at.at(-1)] = value;
    assert.deepEqual(await refusalsOf(Serverless, plugin, folder, configuration), [...expected].sort(), name);
  }
});

async function refusalsOf(Serverless, plugin, serviceDir, configuration) {
  const serverless = new Serverless({
    configuration,
    serviceDir,
    configurationFilename: 'serverless.yml',
    isConfigurationResolved: true,
    hasResolvedCommandsExternally: true,
    commands: ['info'],
    options: {},
  });
  try {
    await serverless.service.load({});
    serverless.pluginManager.addPlugin(plugin);
    await serverless.service.reloadServiceFileParam();
    serverless.service.setFunctionNames({});
    await serverless.service.validate();
  } catch (fault) {
    const [text] = fault.message.split('\n\n');
    return text
      .replace(/^Configuration error:? */, '')
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean)
      .sort();
  }
  return [];
}

const WRONG = [
  ['a service of the old plugin for Azure', (text) => text.replace('name: isthmus', 'name: azure'), /provider.name.*write name: isthmus, and cloud: azure/],
  ['an unknown event', (text) => text.replace('- queue:', '- kafka:'), /functions.count.events.0': unsupported function event/],
  ['a missing handler', (text) => text.replace('handlers.keep_in_records', 'handlers.keep_nothing'), /functions.keep.handler: addresses.handlers has no keep_nothing .*\[ISTH191\]/],
  ['two clouds', (text) => text.replace('name: isthmus', 'name: isthmus\n  subscription: 00000000-0000-0000-0000-000000000000'), /provider.subscription': it is of azure, and this stage's cloud is local/],
];

for (const [name, change, expected] of WRONG) {
  once(`${name} is one clear line, and exit code 1`, async () => {
    const folder = own();
    const file = path.join(folder, 'serverless.yml');
    fs.writeFileSync(file, change(fs.readFileSync(file, 'utf8')));

    const done = await run(folder, ['info']);

    assert.equal(done.code, 1);
    assert.match(said(done), expected);
    assert.doesNotMatch(done.all, /Traceback|at Object\.|node:internal/);
  });
}

test('a configuration that is only warned of is refused by Python', async () => {
  const folder = own();
  fs.appendFileSync(path.join(folder, 'serverless.yml'), '\nconfigValidationMode: warn\nwrkflows: {}\n');

  const done = await run(folder, ['info']);

  assert.equal(done.code, 1);
  assert.match(said(done), /serverless.yml: at root: unrecognized property 'wrkflows' \[ISTH190\]/);
});

once('a Python that is not there is named', async () => {
  const done = await run(own(), ['info'], { env: { ISTHMUS_PYTHON: '/nowhere/python' } });

  assert.equal(done.code, 1);
  assert.match(said(done), /Python not found: "\/nowhere\/python". Set provider.python or ISTHMUS_PYTHON./);
});

once('provider.python comes before ISTHMUS_PYTHON', async () => {
  const folder = own();
  const file = path.join(folder, 'serverless.yml');
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('name: isthmus', 'name: isthmus\n  python: /elsewhere/python'));

  assert.match(said(await run(folder, ['info'])), /Python not found: "\/elsewhere\/python"/);
});

once('a Python that is too old, and one without isthmus, say so in one line', async () => {
  const folder = own();
  const old = path.join(folder, 'old-python');
  const script = (first) => {
    fs.writeFileSync(old, `#!/bin/sh\nexec "${surroundings.ISTHMUS_PYTHON}" -I -S -c "import sys\n${first}\nexec(sys.argv[1])" "$2"\n`, { mode: 0o755 });
  };

  script('sys.version_info = (3, 9, 18)');
  const tooOld = await run(folder, ['info'], { env: { ISTHMUS_PYTHON: old } });
  script('');
  const bare = await run(folder, ['info'], { env: { ISTHMUS_PYTHON: old } });

  assert.deepEqual([tooOld.code, bare.code], [1, 1]);
  assert.match(said(tooOld), /is Python 3.9, and Isthmus needs 3.13: set provider.python or ISTHMUS_PYTHON/);
  assert.match(said(bare), /isthmus is not installed for .*: pip install isthmus/);
  assert.doesNotMatch(tooOld.all + bare.all, /Traceback/);
});

once('a command that is killed is one line and exit code 1', async () => {
  const folder = own();
  const killed = await run(folder, ['offline', '--port', '0'], {
    onStart(child, { stderr }) {
      if (!stderr.includes('serving') || child.told) return;
      child.told = true;
      execFileSync('pkill', ['-KILL', '-P', String(child.pid)]);
    },
  });

  assert.equal(killed.code, 1);
  assert.match(said(killed), /isthmus offline was killed \(SIGKILL\)/);
});

// npm has only a launcher of it, which downloads the closed framework from its vendor: so an object stands in.
once('serverless 4 is refused with what to use', () => {
  const Isthmus = require(path.join(installed, 'serverless-isthmus'));
  class Four {
    version = '4.43.0';
    service = { provider: { name: 'isthmus' } };
    classes = { Error };
  }

  assert.throws(() => new Isthmus(new Four(), {}), /serverless 4.43.0 is not supported: use osls 4 .*or serverless 3/);
});

test('a service of another provider is left alone', async () => {
  const done = await run(serviceFrom(OWN_APP, { service: 'other', provider: { name: 'aws' }, plugins: ['serverless-isthmus'] }), ['print']);

  assert.equal(done.code, 0, done.all);
});

once('the version of the plugin is that of the Python package', () => {
  const { version } = require(path.join(installed, 'serverless-isthmus', 'package.json'));

  assert.equal(isthmus(ROOT, '--version').trim(), `isthmus ${version}`);
});

// Secrets

test('no secret of the resolved configuration is printed, or written where others can read', async () => {
  const folder = own();
  const file = path.join(folder, 'serverless.yml');
  const planted = `name: isthmus\n  secrets: { risk-token: "\${env:RISK_TOKEN}" }\n  environment: { DESK: "\${env:RISK_TOKEN}" }`;
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('name: isthmus', planted));
  const env = { RISK_TOKEN: SECRET };
  let all = '';
  for (const given of [['info'], ['package', '--stage', 'azure'], ['invoke', 'local', '-f', 'change', '-d', CHANGE], ['info', '--verbose'], ['invoke', '-f', 'nothing', '-d', '{}']]) {
    all += (await run(folder, given, { env })).all;
  }

  assert.doesNotMatch(all, new RegExp(SECRET));
  const leaking = readableByOthers(folder).filter((one) => fs.readFileSync(one).includes(SECRET));
  assert.deepEqual(leaking, []);
  assert.deepEqual([...filesWith(folder, SECRET)], []);
});

once('a secret of the service reaches the port that declares it, on this machine', async () => {
  const folder = own();
  const file = path.join(folder, 'serverless.yml');
  const text = fs.readFileSync(file, 'utf8').replace('name: isthmus', `name: isthmus\n  secrets: { risk-token: ${SECRET} }`);
  fs.writeFileSync(file, text.replace('cloud: local, implementation: addresses.risk.ListedRisk', 'cloud: local, implementation: addresses.told.ToldRisk, secrets: [risk-token]'));
  fs.writeFileSync(
    path.join(folder, 'addresses', 'told.py'),
    `class ToldRisk:\n    def __init__(self, configuration):\n        self.known = configuration.secret("risk-token") == "${SECRET}"\n\n    def rating(self, country: str) -> str:\n        return "low" if self.known else "barred"\n`
  );

  const done = await run(folder, ['invoke', 'local', '-f', 'screen', '-d', CHANGE]);

  assert.equal(done.code, 0, done.all);
  assert.match(done.stdout, /"rating":"low"/);
});

function* filesWith(folder, text) {
  for (const one of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!one.isFile()) continue;
    const file = path.join(one.parentPath, one.name);
    if (fs.readFileSync(file).includes(text)) yield file;
  }
}

function contentOf(archive, name) {
  const read = 'import sys, zipfile; sys.stdout.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]).decode())';
  return execFileSync(surroundings.ISTHMUS_PYTHON, ['-c', read, archive, name], { encoding: 'utf8' });
}
