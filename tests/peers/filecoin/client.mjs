// Puts a piece with the service's own client, reads it back and has it removed.
// Arguments: the provider's address, the key, the payee, the bytes in hex. The last line is what it found, in JSON.
import * as chains from '@filoz/synapse-core/chains'
import * as piece from '@filoz/synapse-core/piece'
import * as sp from '@filoz/synapse-core/sp'
import { createWalletClient, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'

const [serviceURL, key, payee, hex] = process.argv.slice(2)
const data = Uint8Array.from(Buffer.from(hex, 'hex'))
const client = createWalletClient({ account: privateKeyToAccount(key), chain: chains.calibration, transport: http(`${serviceURL}rpc`) })
const clientDataSetId = 20261123n

const creation = await sp.createDataSet(client, { cdn: false, payee, serviceURL, clientDataSetId })
const created = await sp.waitForCreateDataSet({ statusUrl: creation.statusUrl, pollInterval: 100 })
const pieceCid = piece.calculate(data)
await sp.uploadPiece({ data, pieceCid, serviceURL })
await sp.findPiece({ pieceCid, serviceURL, retry: true, pollInterval: 100 })
const addition = await sp.addPieces(client, { serviceURL, dataSetId: created.dataSetId, clientDataSetId, nonce: 77n, pieces: [{ pieceCid, metadata: { name: 'a' } }] })
const added = await sp.waitForAddPieces({ statusUrl: addition.statusUrl, pollInterval: 100 })
const response = await fetch(new URL(`piece/${pieceCid}`, serviceURL))
const read = Buffer.from(await response.arrayBuffer()).toString('hex')
const removal = await sp.schedulePieceDeletion(client, { serviceURL, dataSetId: created.dataSetId, clientDataSetId, pieceId: added.confirmedPieceIds[0] })
console.log(JSON.stringify({ pieceCid: pieceCid.toString(), dataSetId: Number(created.dataSetId), pieceId: Number(added.confirmedPieceIds[0]), isRight: read === hex, removal: removal.hash }))
