'use strict';

// A service as users have one: the plugin installed from its package, a framework, and Python code beside serverless.yml.

const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const ROOT = path.resolve(__dirname, '..', '..');
const PLUGIN = path.join(ROOT, 'adapters', 'serverless');
const FRAMEWORK = process.env.FRAMEWORK || 'osls';
const HOME = path.join(ROOT, '.tools', 'frameworks', FRAMEWORK, 'node_modules', FRAMEWORK);
const PROGRAM = path.join(HOME, 'bin', 'serverless.js');
const SECONDS_MAX = 120;

const place = fs.mkdtempSync(path.join(os.tmpdir(), 'serverless-'));
process.on('exit', () => fs.rmSync(place, { recursive: true, force: true }));

// Nothing of the machine's own is read or written, and nothing outside is reached.
const surroundings = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(ISTHMUS_|SLS_|AWS_)/.test(name))),
  ISTHMUS_PYTHON: process.env.ISTHMUS_PYTHON || 'python3',
  HOME: path.join(place, 'home'),
  SLS_TELEMETRY_DISABLED: '1',
  SLS_NOTIFICATIONS_MODE: 'off',
  HTTP_PROXY: 'http://127.0.0.1:9',
  HTTPS_PROXY: 'http://127.0.0.1:9',
  NO_COLOR: '1',
  CI: '1',
};

// The package is made and installed by npm, so that a file left out of it would be missing here.
const installed = (() => {
  const folder = path.join(place, 'installed');
  fs.mkdirSync(folder, { recursive: true });
  const npm = (...given) => execFileSync('npm', given, { cwd: folder, encoding: 'utf8', env: surroundings });
  const [{ filename }] = JSON.parse(npm('pack', '--json', PLUGIN));
  fs.writeFileSync(path.join(folder, 'package.json'), '{"private": true}');
  npm('install', '--offline', '--no-audit', '--no-fund', `./${filename}`);
  return path.join(folder, 'node_modules');
})();

let made = 0;

// Make the folder of a service out of an example, with this serverless.yml (JSON is YAML).
function serviceFrom(example, configuration) {
  const folder = path.join(place, `service-${(made += 1)}`);
  fs.cpSync(example, folder, { recursive: true });
  const text = typeof configuration === 'string' ? configuration : JSON.stringify(configuration);
  if (configuration) fs.writeFileSync(path.join(folder, 'serverless.yml'), text);
  fs.cpSync(installed, path.join(folder, 'node_modules'), { recursive: true });
  return folder;
}

// Run a command of the framework to its end, as a user without a terminal does.
function run(folder, given, { env = {}, onStart = () => {}, secondsMax = SECONDS_MAX } = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [PROGRAM, ...given], { cwd: folder, env: { ...surroundings, ...env } });
    const timer = setTimeout(() => child.kill('SIGKILL'), secondsMax * 1000);
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8');
      child[name].on('data', (text) => {
        said[name] += text;
        onStart(child, said);
      });
    }
    child.stdin.end();
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ ...said, code, signal, all: said.stdout + said.stderr });
    });
  });
}

// Ask the isthmus command itself what was done.
function isthmus(folder, ...given) {
  const call = ['-m', 'isthmus.adapters.cli.main', ...given];
  return execFileSync(surroundings.ISTHMUS_PYTHON, call, { cwd: folder, encoding: 'utf8', env: surroundings });
}

// Every file below a folder that others than its owner may read, with its text.
function readableByOthers(folder) {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => path.join(one.parentPath, one.name))
    .filter((file) => fs.statSync(file).mode & 0o077);
}

module.exports = { FRAMEWORK, HOME, ROOT, installed, isthmus, place, readableByOthers, run, serviceFrom, surroundings };
