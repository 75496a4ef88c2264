// Starts arlocal on two free ports of 127.0.0.1, as a node and as a gateway, and says which: "node PORT gateway PORT".
//
// arlocal listens on every interface, serves data under /ID alone, and keeps its rows in the native sqlite3, which would
// have to be compiled. Here it listens on this machine only, the gateway knows /raw/ID as well, and the rows are in memory:
// sql.js behind the calls of sqlite3 that knex makes. The folder that is given is emptied, and gets the data.
'use strict';

const { once } = require('node:events');
const http = require('node:http');
const Module = require('node:module');
const path = require('node:path');

const sql = require('sql.js')();
const databases = new Map();

class Database {
  constructor(file, flags, done) {
    if (!databases.has(file)) databases.set(file, sql.then((module) => new module.Database()));
    databases.get(file).then((database) => { this.database = database; done.call(this, null); }, (error) => done.call(this, error));
  }

  run(text, values, done) {
    this.ask(done, () => {
      this.database.run(text, values.map(shown));
      const [row] = this.database.exec('select last_insert_rowid(), changes()')[0].values;
      return [{ lastID: row[0], changes: row[1] }, undefined];
    });
  }

  all(text, values, done) {
    this.ask(done, () => {
      const statement = this.database.prepare(text, values.map(shown));
      const rows = [];
      try {
        while (statement.step()) rows.push(statement.getAsObject());
      } finally {
        statement.free();
      }
      return [{}, rows];
    });
  }

  close(done) {
    process.nextTick(done, null);
  }

  ask(done, work) {
    let answer;
    try {
      answer = work();
    } catch (error) {
      process.nextTick(() => done.call({}, error));
      return;
    }
    process.nextTick(() => done.call(answer[0], null, answer[1]));
  }
}

function shown(value) {
  if (value === undefined) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof Date) return value.valueOf();
  return value;
}

const sqlite3 = { Database, OPEN_READONLY: 1, OPEN_READWRITE: 2, OPEN_CREATE: 4 };
const load = Module._load;
Module._load = function (name, ...rest) {
  return name === 'sqlite3' ? sqlite3 : load.call(this, name, ...rest);
};

const listen = http.Server.prototype.listen;
http.Server.prototype.listen = function (port, ...rest) {
  return listen.call(this, { host: '127.0.0.1', port: Number(port) }, ...rest.filter((one) => typeof one === 'function'));
};

async function start(folder) {
  const { default: ArLocal } = require('arlocal');
  // The text, since the number would stand for the usual port.
  const peer = new ArLocal('0', false, folder, false);
  await peer.start();
  const handle = peer.app.callback();
  const gateway = http.createServer((request, response) => {
    request.url = request.url.replace(/^\/raw\//, '/');
    handle(request, response);
  });
  gateway.listen(0);
  for (const server of [peer.server, gateway]) if (!server.listening) await once(server, 'listening');
  console.log(`node ${peer.server.address().port} gateway ${gateway.address().port}`);
}

start(path.resolve(process.argv[2])).catch((error) => {
  console.error(error);
  process.exit(1);
});
