using System.Buffers.Binary;
using System.Numerics;
using Oort.Evm;

namespace Oort.Backends.Filecoin.Tests.Peers;

/// <summary>The contracts of the warm storage service in memory, over a clock that tests move: signatures are recovered, numbers taken once, pieces challenged from the period after their addition on, removals done at its end.</summary>
internal sealed class StubChain(TimeProvider time)
{
    public const long ProviderId = 7;

    /// <summary>Of a proving period, in blocks: a day.</summary>
    public const ulong PeriodLength = 2_880;

    private static readonly DateTimeOffset genesis = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly EvmAddress view = EvmAddress.Parse("0x00000000000000000000000000000000000000ff");

    private static readonly TypedDataTypes types = new(
        "MetadataEntry(string key,string value)",
        "CreateDataSet(uint256 clientDataSetId,address payee,MetadataEntry[] metadata)",
        "Cid(bytes data)",
        "PieceMetadata(uint256 pieceIndex,MetadataEntry[] metadata)",
        "AddPieces(uint256 clientDataSetId,uint256 nonce,Cid[] pieceData,PieceMetadata[] pieceMetadata)",
        "SchedulePieceRemovals(uint256 clientDataSetId,uint256[] pieceIds)");

    private readonly Lock gate = new();
    private readonly List<StubTransaction> transactions = [];
    private readonly Dictionary<(EvmAddress, BigInteger), BigInteger> nonces = [];

    public static EvmAddress Payee { get; } = EvmAddress.Parse("0x70997970C51812dc3A010C7d01b50e0d17dc79C8");

    public FilecoinNetwork Network { get; } = FilecoinNetwork.Calibration;

    public ulong ChainId { get; set; } = 314159;

    public List<StubDataSet> DataSets { get; } = [];

    /// <summary>How long a transaction waits for its block.</summary>
    public TimeSpan BlockDelay { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>The same of removals.</summary>
    public TimeSpan RemovalDelay { get; set; }

    /// <summary>Whether the provider proves what it holds.</summary>
    public bool Proves { get; set; } = true;

    /// <summary>Whether every transaction is rejected.</summary>
    public bool Rejects { get; set; }

    /// <summary>USDFC that are deposited.</summary>
    public BigInteger Funds { get; set; } = 100 * BigInteger.Pow(10, 18);

    public bool IsApproved { get; set; } = true;

    /// <summary>Whether this version of the service tells its prices.</summary>
    public bool TellsPrices { get; set; } = true;

    public int CreationCount { get; private set; }

    public int AdditionCount { get; private set; }

    public int RemovalCount { get; private set; }

    /// <summary>Transactions that did nothing.</summary>
    public int RejectionCount { get; private set; }

    /// <summary>Pieces in data sets.</summary>
    public IEnumerable<PieceCid> Pieces => Locked(() => DataSets.SelectMany(set => set.Pieces).OfType<PieceCid>().ToList());

    private ulong Block => BlockAt(time.GetUtcNow());

    public T Locked<T>(Func<T> ask)
    {
        lock (gate)
        {
            Settle();
            return ask();
        }
    }

    public StubTransaction? Find(string hash) => Locked(() => transactions.Find(transaction => transaction.Hash.ToString() == hash));

    /// <summary>A creation; null: it would be rejected at once.</summary>
    public StubTransaction? Create(byte[] extraData) => Locked(() =>
    {
        var fields = AbiDecoder.Decode("(address,uint256,string[],string[],bytes)", extraData);
        var (payer, id) = ((EvmAddress)fields[0], (BigInteger)fields[1]);
        if (!IsSignedBy(payer, (byte[])fields[4], "CreateDataSet", id, Payee, Entries(fields[2], fields[3]))) return null;
        return Send(BlockDelay, made =>
        {
            if (nonces.ContainsKey((payer, id))) return false;
            DataSets.Add(new() { Id = (ulong)DataSets.Count + 1, Payer = payer, Payee = Payee, ClientDataSetId = id, LastProven = Block });
            nonces[(payer, id)] = DataSets.Count;
            made.Add((ulong)DataSets.Count);
            CreationCount++;
            return true;
        });
    });

    /// <summary>An addition; null: it would be rejected at once.</summary>
    public StubTransaction? Add(StubDataSet set, IReadOnlyList<PieceCid> pieces, byte[] extraData) => Locked(() =>
    {
        var fields = AbiDecoder.Decode("(uint256,string[][],string[][],bytes)", extraData);
        var nonce = (BigInteger)fields[0];
        object[] cids = [.. pieces.Select(piece => (object)new object[] { piece.ToArray() })];
        object[] metadata = [.. pieces.Select((_, index) => (object)new object[] { index, Entries(((object[])fields[1])[index], ((object[])fields[2])[index]) })];
        if (set.IsDeleted || nonces.ContainsKey((set.Payer, nonce)) || !IsSignedBy(set.Payer, (byte[])fields[3], "AddPieces", set.ClientDataSetId, nonce, cids, metadata)) return null;
        return Send(BlockDelay, made =>
        {
            if (nonces.ContainsKey((set.Payer, nonce))) return false;
            made.AddRange(pieces.Select((_, index) => (ulong)(set.Pieces.Count + index)));
            set.Pieces.AddRange(pieces);
            nonces[(set.Payer, nonce)] = ((BigInteger)set.Pieces.Count << 128) | set.Id;
            AdditionCount++;
            if (set.Deadline == 0) set.Deadline = Block + 20;
            return true;
        });
    });

    /// <summary>A removal; null: it would be rejected at once.</summary>
    public StubTransaction? Remove(StubDataSet set, ulong piece, byte[] extraData) => Locked(() =>
    {
        var signature = (byte[])AbiDecoder.Decode("(bytes)", extraData)[0];
        if (!set.IsLive(piece) || set.ScheduledRemovals.Contains(piece) || !IsSignedBy(set.Payer, signature, "SchedulePieceRemovals", set.ClientDataSetId, new BigInteger[] { piece })) return null;
        return Send(RemovalDelay, _ =>
        {
            if (!set.IsLive(piece) || !set.ScheduledRemovals.Add(piece)) return false;
            RemovalCount++;
            return true;
        });
    });

    /// <summary>Undoes the blocks with the additions to a data set.</summary>
    public void Undo(StubDataSet set) => Locked(() =>
    {
        set.Pieces.Clear();
        (set.Range, set.Deadline) = (0, 0);
        foreach (var nonce in nonces.Keys.Where(key => key.Item2 != set.ClientDataSetId).ToList()) nonces.Remove(nonce);
        return 0;
    });

    /// <summary>What a contract answers; null: it reverts.</summary>
    public byte[]? Call(EvmAddress to, byte[] data) => Locked(() =>
    {
        if (to == Network.Verifier)
        {
            if (Is(FilecoinContracts.DataSetLive, out var a)) return Bool(DataSets.Exists(set => set.Id == Id(a[0]) && !set.IsDeleted));
            if (Is(FilecoinContracts.PieceLive, out a)) return Bool(DataSets.Exists(set => set.Id == Id(a[0]) && set.IsLive(Id(a[1]))));
            if (Is(FilecoinContracts.PieceChallengable, out a)) return Set(a[0]) is { Range: > 0 } set ? Bool(set.IsLive(Id(a[1])) && Id(a[1]) < (ulong)set.Range) : null;
            if (Is(FilecoinContracts.GetPieceCid, out a)) return Set(a[0]) is { } set ? AbiEncoder.Encode("((bytes))", [new object[] { set.IsLive(Id(a[1])) ? set.Pieces[(int)Id(a[1])]!.ToArray() : Array.Empty<byte>() }]) : null;
            if (Is(FilecoinContracts.GetDataSetLastProvenEpoch, out a)) return Set(a[0]) is { } set ? Number(set.LastProven) : null;
            if (Is(FilecoinContracts.GetScheduledRemovals, out a)) return Set(a[0]) is { } set ? AbiEncoder.Encode("(uint256[])", [set.ScheduledRemovals.Select(id => (object)(BigInteger)id).ToArray()]) : null;
        }

        if (to == Network.Service && Is(FilecoinContracts.ViewContractAddress, out _)) return AbiEncoder.Encode("(address)", view);
        if (to == view)
        {
            if (Is(FilecoinContracts.ClientNonces, out var a)) return Number(nonces.GetValueOrDefault(((EvmAddress)a[0], (BigInteger)a[1])));
            if (Is(FilecoinContracts.ProvingDeadline, out a)) return Number(Set(a[0])?.Deadline ?? 0);
            if (Is(FilecoinContracts.GetPriceList, out _)) return TellsPrices ? PriceList() : null;
            if (Is(FilecoinContracts.GetDataSet, out a)) return Record(Set(a[0]));
        }

        if (to == Network.Registry && Is(FilecoinContracts.GetProviderPayee, out var provider)) return AbiEncoder.Encode("(address)", Id(provider[0]) == ProviderId ? Payee : default);
        if (to == Network.Payments)
        {
            if (Is(FilecoinContracts.Accounts, out _)) return AbiEncoder.Encode("(uint256,uint256,uint256,uint256)", Funds, BigInteger.Zero, BigInteger.Pow(10, 12), (BigInteger)Block);
            if (Is(FilecoinContracts.OperatorApprovals, out _)) return AbiEncoder.Encode("(bool,uint256,uint256,uint256,uint256,uint256)", IsApproved, BigInteger.Pow(10, 18), BigInteger.Pow(10, 20), BigInteger.Zero, BigInteger.Zero, (BigInteger)1_000_000);
        }

        // There is nothing at another address.
        return [];

        bool Is(AbiFunction function, out object[] arguments)
        {
            var isIt = data.AsSpan().StartsWith(function.Selector);
            arguments = isIt ? function.DecodeCall(data) : [];
            return isIt;
        }

        StubDataSet? Set(object id) => DataSets.Find(set => set.Id == Id(id) && !set.IsDeleted);
    });

    public (ulong Number, DateTimeOffset Time) Head() => Locked(() => (Block, genesis + Block * FilecoinChain.BlockTime));

    private static ulong Id(object number) => (ulong)(BigInteger)number;

    private static byte[] Bool(bool value) => AbiEncoder.Encode("(bool)", value);

    private static byte[] Number(BigInteger value) => AbiEncoder.Encode("(uint256)", value);

    private static byte[] Record(StubDataSet? set)
    {
        // Thirteen words, as version 1.3.0 has them.
        object[] words = [.. Enumerable.Repeat<object>(BigInteger.Zero, 13)];
        if (set is not null) (words[0], words[3], words[4], words[7], words[8], words[9], words[12]) = (BigInteger.One, set.Payer, set.Payee, set.ClientDataSetId, (BigInteger)set.EndBlock, (BigInteger)set.ProviderId, (BigInteger)set.Id);
        else (words[3], words[4]) = (default(EvmAddress), default(EvmAddress));
        words[5] = words[4];
        return AbiEncoder.Encode("(uint256,uint256,uint256,address,address,address,uint256,uint256,uint256,uint256,uint256,uint256,uint256)", words);
    }

    private byte[] PriceList()
    {
        object[] rates = [Coins(2.5m), Coins(0.024m), Coins(7m), Coins(7m)], fees = [Coins(0.025m), Coins(0.0005m), Coins(0.0003m), Coins(0.002m), Coins(0.00112m)], lockups = [Coins(0.1m), Coins(0.02m), (BigInteger)86_400, Coins(1m), Coins(1m), (BigInteger)14_400];
        return AbiEncoder.Encode("((address,(uint256,uint256,uint256,uint256),(uint256,uint256,uint256,uint256,uint256),(uint256,uint256,uint256,uint256,uint256,uint256)))", [new object[] { Network.Token, rates, fees, lockups }]);

        static object Coins(decimal amount) => (BigInteger)(amount * 1_000_000_000_000_000_000m);
    }

    private static object[] Entries(object keys, object values) => [.. ((object[])keys).Zip((object[])values, (key, value) => (object)new[] { key, value })];

    private bool IsSignedBy(EvmAddress payer, byte[] signature, string name, params object[] values)
    {
        var domain = new TypedDataDomain { Name = "FilecoinWarmStorageService", Version = "1", ChainId = Network.ChainId, VerifyingContract = Network.Service };
        return EvmSignature.TryParse(signature, out var parsed) && parsed.TryRecover(types.Digest(domain, name, values), out var signer) && signer == payer;
    }

    private StubTransaction Send(TimeSpan delay, Func<List<ulong>, bool> run)
    {
        var number = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(number, transactions.Count);
        var made = new List<ulong>();
        var transaction = new StubTransaction(Keccak256.Hash(number), time.GetUtcNow() + delay, made, () =>
        {
            if (!Rejects && run(made)) return true;
            RejectionCount++;
            return false;
        });
        transactions.Add(transaction);
        Settle();
        return transaction;
    }

    private static ulong BlockAt(DateTimeOffset when) => (ulong)((when - genesis) / FilecoinChain.BlockTime);

    /// <summary>Does what is due, transactions and ends of periods, in the order of time.</summary>
    private void Settle()
    {
        var now = time.GetUtcNow();
        while (true)
        {
            var transaction = transactions.Where(item => item.IsOk is null && item.Due <= now).MinBy(item => item.Due);
            var set = DataSets.Where(item => item.Deadline != 0 && item.Deadline <= BlockAt(now)).MinBy(item => item.Deadline);
            if (transaction is null && set is null) return;
            if (set is null || (transaction is not null && BlockAt(transaction.Due) < set.Deadline)) transaction!.Run();
            else EndPeriod(set);
        }
    }

    private void EndPeriod(StubDataSet set)
    {
        if (Proves && set.Range > 0) set.LastProven = set.Deadline - 10;
        foreach (var piece in set.ScheduledRemovals) set.Pieces[(int)piece] = null;
        set.ScheduledRemovals.Clear();
        set.Range = set.Pieces.Count;
        set.Deadline += PeriodLength;
    }
}
