'use strict';

// The hand-over: the request goes to Python's standard input, so that no secret in it is ever in a file or in `ps`.

const { spawn } = require('node:child_process');

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

// Old Pythons read this too, and say so instead of failing somewhere in the command.
const START = `
import sys
if sys.version_info < (3, 13):
    sys.exit("error: %s is Python %d.%d, and Isthmus needs 3.13: set provider.python or ISTHMUS_PYTHON"
             % (sys.executable, sys.version_info[0], sys.version_info[1]))
try:
    import isthmus.adapters.cli.main as command
except ImportError as fault:
    if not (getattr(fault, "name", "") or "").startswith("isthmus"):
        raise
    sys.exit("error: isthmus is not installed for %s: pip install isthmus, or set provider.python or ISTHMUS_PYTHON"
             % sys.executable)
command.main()
`;

// Resolves to what went wrong, as one text, or to nothing.
function ask(python, verb, request, folder) {
  return new Promise((resolve) => {
    const child = spawn(python, ['-c', START, 'serverless', verb], {
      cwd: folder,
      stdio: ['pipe', 'inherit', 'pipe'],
      detached: true, // a terminal signals whole groups: so that it comes once, through us
    });
    const said = heldBack(child.stderr);
    let told; // the signal that was sent to us
    const pass = (signal) => {
      told = signal;
      child.kill(signal);
    };
    for (const signal of SIGNALS) process.on(signal, pass);
    const settle = (fault) => {
      for (const signal of SIGNALS) process.off(signal, pass);
      resolve(fault);
    };
    child.stdin.on('error', () => {}); // one that ended early says why itself
    child.stdin.end(request);
    child.on('error', (fault) => settle(notFound(python, fault)));
    child.on('close', (code, signal) => {
      if (told) end(verb, told, code);
      else if (code === 0) settle(said.flush());
      else settle(said.fault() || (signal ? `isthmus ${verb} was killed (${signal})` : `isthmus ${verb} ended with ${code}`));
    });
  });
}

function notFound(python, fault) {
  if (fault.code !== 'ENOENT' && fault.code !== 'EACCES') return fault.message;
  return `Python not found: "${python}". Set provider.python or ISTHMUS_PYTHON.`;
}

// The framework has begun to end by itself when a signal comes, and takes no more faults.
function end(verb, signal, code) {
  if (code !== 0) process.stderr.write(`isthmus ${verb} was stopped (${signal})\n`);
  process.exit(code === 0 ? 0 : 1);
}

// Lines of progress are shown as they come; what begins with "error: " is kept for the framework to show once.
function heldBack(stream) {
  let rest = '';
  let held;
  const take = (text) => {
    if (held !== undefined) held += text;
    else if (text.startsWith('error: ')) held = text;
    else process.stderr.write(text);
  };
  stream.setEncoding('utf8');
  stream.on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) take(`${line}\n`);
  });
  const close = () => {
    if (rest) take(rest);
    rest = '';
  };
  return {
    flush() {
      close();
      if (held !== undefined) process.stderr.write(held);
      return undefined;
    },
    fault() {
      close();
      return held && held.replace(/^error: /, '').trimEnd();
    },
  };
}

module.exports = { ask };
