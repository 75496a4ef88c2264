// An IPFS node that knows nobody: node.mjs FOLDER. Says where its RPC listens.
import { Daemon } from 'ipfs-daemon';

const local = '/ip4/127.0.0.1/tcp/0';
const daemon = new Daemon({
  repo: process.argv[2],
  offline: true,
  silent: true,
  config: { Bootstrap: [], Addresses: { Swarm: [], Delegates: [], API: local, Gateway: local, RPC: local } },
});
await daemon.start();
const { port } = daemon._httpApi._apiServers[0].info;
console.log(`ready http://127.0.0.1:${port}`);
