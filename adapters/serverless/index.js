'use strict';

// The plugin: it declares what serverless.yml may say, and hands every verb to the Python command.

const fs = require('node:fs');
const path = require('node:path');
const { ask } = require('./python');
const schema = require('./schema.json');
const { version } = require('./package.json');

const NAME = 'isthmus';

// Verb of Python by hook of the framework.
const VERBS = {
  'deploy:deploy': 'deploy',
  'deploy:function:deploy': 'deploy-function',
  'remove:remove': 'remove',
  'info:info': 'info',
  'invoke:invoke': 'invoke',
  'invoke:local:invoke': 'invoke-local',
  'logs:logs': 'logs',
  'metrics:metrics': 'metrics',
  'rollback:rollback': 'rollback',
  'offline:start': 'offline',
  'plan:preview': 'plan',
  'regions:list': 'regions',
  'lock:write': 'lock',
};

const COMMANDS = {
  offline: {
    usage: 'Serve the service on 127.0.0.1, as isthmus serve does',
    lifecycleEvents: ['start'],
    options: { port: { usage: 'Port to listen on; 0 takes a free one', type: 'string' } },
  },
  plan: { usage: 'Show what deploy would change, and what residency forbids', lifecycleEvents: ['preview'] },
  regions: { usage: 'List the regions in which the data may live', lifecycleEvents: ['list'] },
  lock: {
    usage: 'Keep the versions of workflows that may have live runs',
    lifecycleEvents: ['write'],
    options: { check: { usage: 'Only say whether all are kept', type: 'boolean' } },
  },
};

class IsthmusProvider {
  static getProviderName() {
    return NAME;
  }

  constructor(serverless) {
    this.serverless = serverless;
    this.provider = this; // the framework drops a plugin that has a provider other than the service's
    serverless.setProvider(NAME, this);
    const { configSchemaHandler } = serverless;
    const { provider, function: inFunction, functionEvents, topLevel, custom } = structuredClone(schema);
    configSchemaHandler.defineProvider(NAME, { provider, function: inFunction, functionEvents });
    for (const [name, part] of Object.entries(topLevel)) configSchemaHandler.defineTopLevelProperty(name, part);
    configSchemaHandler.defineCustomProperties({ properties: custom });
  }
}

class Isthmus {
  constructor(serverless, options) {
    this.serverless = serverless;
    this.options = options;
    refuseVersionFour(serverless);
    const { name } = serverless.service.provider;
    if (name !== NAME) {
      const spelling = ownOf(schema.spellings.providers, name);
      if (spelling) throw refusal(serverless, [`at 'provider.name': ${name} is no provider of this plugin: ${spelling}`]);
      return;
    }
    refuseOtherSpellings(serverless);
    serverless.configurationInput.configValidationMode ??= 'error'; // serverless 3 would warn and go on
    serverless.pluginManager.addPlugin(IsthmusProvider);
    this.provider = serverless.getProvider(NAME);
    this.commands = COMMANDS;
    this.hooks = { 'before:package:createDeploymentArtifacts': () => this.pack() };
    for (const [hook, verb] of Object.entries(VERBS)) this.hooks[hook] = () => this.hand(verb);
  }

  // The archive is there before the framework looks for it: so it makes none of its own.
  async pack() {
    const { serviceDir, service } = this.serverless;
    const archive = path.join(serviceDir, this.archive());
    fs.mkdirSync(path.dirname(archive), { recursive: true });
    await this.hand('package');
    service.package.artifact = archive;
    for (const one of Object.values(service.functions)) one.package = { artifact: archive };
  }

  archive() {
    const { serviceDir, service } = this.serverless;
    const folder = path.resolve(serviceDir, this.options.package || service.package.path || '.serverless');
    return path.join(path.relative(serviceDir, folder), 'isthmus.zip');
  }

  async hand(verb) {
    const { serverless } = this;
    const { serviceDir, service } = serverless;
    const request = {
      plugin: version,
      stage: this.options.stage || service.provider.stage,
      options: { ...given(this.options), archive: this.archive() },
      configuration: resolved(serverless),
    };
    const python = service.provider.python || process.env.ISTHMUS_PYTHON || 'python3';
    const fault = await ask(python, verb, JSON.stringify(request), serviceDir);
    if (fault) throw new serverless.classes.Error(fault, 'ISTHMUS');
  }
}

// What the framework adds to a configuration is not the user's, and parameters of other stages are nobody's business.
function resolved({ configurationInput, service }) {
  const { params, ...configuration } = configurationInput;
  const functions = Object.entries(service.functions).map(([key, { name, package: archive, ...own }]) => [key, own]);
  return { ...configuration, functions: Object.fromEntries(functions) };
}

function given(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null && value !== undefined));
}

function ownOf(table, key) {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function refusal({ classes }, problems) {
  const text = problems.length > 1 ? `: \n     ${problems.join('\n     ')}` : ` ${problems[0]}`;
  return new classes.Error(`Configuration error${text}`, 'ISTHMUS_CONFIGURATION');
}

// serverless 4 is closed, and cannot be tested against. osls counts on from it: its name tells them apart.
function refuseVersionFour({ version: framework, classes, constructor }) {
  if (Number.parseInt(framework, 10) < 4 || packageOf(constructor) === 'osls') return;
  throw new classes.Error(
    `serverless ${framework} is not supported: use osls 4 (npm install --save-dev osls), or serverless 3`,
    'ISTHMUS_FRAMEWORK'
  );
}

function packageOf(exported) {
  const home = Object.values(require.cache).find((one) => one.exports === exported);
  for (let folder = path.dirname(home ? home.filename : '/'); folder !== path.dirname(folder); folder = path.dirname(folder)) {
    const manifest = path.join(folder, 'package.json');
    if (fs.existsSync(manifest)) return JSON.parse(fs.readFileSync(manifest, 'utf8')).name;
  }
  return undefined;
}

// The words of the two old plugins: the framework would only say that it does not know them.
function refuseOtherSpellings(serverless) {
  const { configurationInput } = serverless;
  const problems = spelt('provider', configurationInput.provider, schema.spellings.provider);
  problems.push(...speltValue('provider', 'region', configurationInput.provider));
  for (const kind of ['functions', 'workflows']) {
    for (const [name, one] of Object.entries(configurationInput[kind] || {})) {
      const place = `${kind}.${name}`;
      problems.push(...spelt(place, one, schema.spellings.function), ...speltValue(place, 'handler', one));
      const events = one && Array.isArray(one.events) ? one.events : [];
      events.forEach((event, index) => problems.push(...speltEvent(`${place}.events.${index}`, event)));
    }
  }
  if (problems.length) throw refusal(serverless, problems);
}

function spelt(place, object, spellings) {
  const keys = object && typeof object === 'object' ? Object.keys(object) : [];
  return keys
    .filter((key) => ownOf(spellings, key) && object[key] !== null)
    .map((key) => `at '${place}': ${key} is not said here: ${spellings[key]}`);
}

// A value that is one word where more has to be said, or is written as elsewhere; what is no value yet is left to Python.
function speltValue(place, key, object) {
  const rule = ownOf(schema.spellings.values, key);
  const value = object && typeof object === 'object' ? object[key] : undefined;
  if (!rule || !['string', 'number', 'boolean'].includes(typeof value)) return [];
  return String(value).includes('${') || new RegExp(rule.unlike).test(String(value)) ? [] : [`at '${place}.${key}': ${rule.says}`];
}

function speltEvent(place, event) {
  const [key, ...siblings] = event && typeof event === 'object' ? Object.keys(event) : [];
  if (key === undefined) return [];
  const spelling = ownOf(schema.spellings.events, key);
  if (spelling) return [`at '${place}': ${key} is not said here: ${spelling}`];
  const problems = speltValue(place, key, event);
  if (problems.length) return problems;
  return siblings.length ? [`at '${place}': put ${siblings.join(', ')} under ${key}, not beside it`] : [];
}

module.exports = Isthmus;
