// Loaded before a peer. It says where it listens, and serves this machine alone, whatever it asks for; and it finds what newer versions of Node have.
const net = require('node:net');

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...args) {
  const callback = args.find((arg) => typeof arg === 'function');
  const options = typeof args[0] === 'object' && args[0] !== null ? args[0] : { port: Number(args[0]) };
  this.once('listening', () => console.log(`listening http://127.0.0.1:${this.address().port}`));
  return listen.call(this, { port: options.port, host: '127.0.0.1' }, callback);
};

Promise.withResolvers ??= function () {
  let resolve;
  let reject;
  const promise = new this((ok, failed) => {
    resolve = ok;
    reject = failed;
  });
  return { promise, resolve, reject };
};
