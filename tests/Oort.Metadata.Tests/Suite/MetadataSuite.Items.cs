namespace Oort.Metadata.Tests.Suite;

/// <summary>Items on outside networks: what a step made of them, and which shards are in them.</summary>
public abstract partial class MetadataSuite
{
    private static readonly StoreId network = new(0x61);
    private static readonly DateTimeOffset day = DateTimeOffset.UnixEpoch.AddDays(20_000);

    [Fact]
    public async Task Item_AddedAndMovedOn_ComesBackAsItWasPutLast()
    {
        var row = await MustAddItem(1, shardCount: 2);
        var item = row.Item with
        {
            State = ItemState.Accepted,
            ResumeState = ItemState.Accepted,
            NextStep = day,
            Progress = new byte[] { 1, 2 },
            Receipt = new() { Locator = new byte[] { 3 }, Address = "bafy", Accepted = day, Paid = (UInt128)1 << 70, PaidUnit = "wei", Expires = day.AddDays(9) },
        };
        (await Store.UpdateItemAsync(network, 0, item, default)).ShouldBe(CommitOutcome.Done);

        var found = (await Store.FindItemAsync(network, item.Id, default))!;
        (found.Revision, found.ShardCount, found.Item.State, found.Item.NextStep, found.Item.Receipt!.Paid, found.Item.Receipt.Expires).ShouldBe((1, 2, ItemState.Accepted, day, (UInt128)1 << 70, day.AddDays(9)));
        found.Item.Progress.ToArray().ShouldBe([1, 2]);
        found.Buckets.ShouldBe(row.Buckets);
        found.Item.Sha256.ToArray().ShouldBe(row.Item.Sha256.ToArray());
        (await Store.UpdateItemAsync(network, 0, item, default)).ShouldBe(CommitOutcome.Conflict, "Somebody has moved it on.");
        (await Store.UpdateItemAsync(new(0x62), 1, item, default)).ShouldBe(CommitOutcome.Conflict, "It is on another network.");
        (await Store.FindItemAsync(new(0x62), item.Id, default)).ShouldBeNull();
    }

    [Fact]
    public async Task AddItem_TwiceOrWithAShardOfAnother_ChangesNothing()
    {
        var row = await MustAddItem(1, shardCount: 2);
        (await Store.AddItemAsync(row, [Place(1, 9)], default)).ShouldBe(CommitOutcome.Conflict);
        (await Store.AddItemAsync(NewItem(2), [Place(2, 9), Place(2, 1) with { Shard = Place(1, 1).Shard }], default)).ShouldBe(CommitOutcome.Conflict);
        (await Store.FindItemAsync(network, new(2), default)).ShouldBeNull();
        (await Store.FindItemOfAsync(network, Place(2, 9).Shard, default)).ShouldBeNull();
        await Should.ThrowAsync<ArgumentException>(() => Store.AddItemAsync(NewItem(3), [], default).AsTask());
        await Should.ThrowAsync<ArgumentException>(() => Store.AddItemAsync(NewItem(3), [Place(3, 0) with { Offset = 1_000_000 }], default).AsTask());
        await Should.ThrowAsync<ArgumentException>(() => Store.AddItemAsync(NewItem(3), [Place(3, 0) with { Offset = long.MaxValue }], default).AsTask());
        // The same shard may be on another network, too.
        (await Store.AddItemAsync(NewItem(3) with { Store = new(0x62) }, [Place(3, 1) with { Shard = Place(1, 1).Shard, Store = new(0x62) }], default)).ShouldBe(CommitOutcome.Done);
    }

    [Fact]
    public async Task FindItemOf_AShardInABundle_TellsWhere()
    {
        await MustAddItem(1, shardCount: 3);
        var found = (await Store.FindItemOfAsync(network, Place(1, 2).Shard, default))!;
        (found.Place, found.Item.Item.Id).ShouldBe((Place(1, 2), new ItemId(1)));
        (await Store.FindItemOfAsync(network, new(new(Epoch, 7), 3), default)).ShouldBeNull();
        (await Store.FindItemOfAsync(new(0x62), Place(1, 2).Shard, default)).ShouldBeNull();
        (await Store.ListItemShardsAsync(network, new(1), null, 2, default)).ShouldBe([Place(1, 0), Place(1, 1)]);
        (await Store.ListItemShardsAsync(network, new(1), Place(1, 1).Shard, 2, default)).ShouldBe([Place(1, 2)]);
        (await Store.ListItemShardsAsync(network, new(2), null, 2, default)).ShouldBeEmpty();
    }

    [Fact]
    public async Task RemoveItemShards_TheLastOne_AsksForTheItemsDeletion()
    {
        var row = await MustAddItem(1, shardCount: 3);
        await MustAddItem(2, shardCount: 1);
        (await Store.RemoveItemShardsAsync(network, [Place(1, 0).Shard, Place(1, 2).Shard, Place(1, 2).Shard, Place(9, 0).Shard], default)).ShouldBeEmpty();
        (await Store.FindItemOfAsync(network, Place(1, 0).Shard, default)).ShouldBeNull();
        (await Store.RemoveItemAsync(network, row.Item.Id, 1, default)).ShouldBe(CommitOutcome.Conflict, "One is still wanted.");

        var empty = await Store.RemoveItemShardsAsync(network, [Place(1, 1).Shard, Place(1, 0).Shard], default);
        empty.Select(one => (one.Item.Id, one.Item.State, one.ShardCount, one.Revision)).ShouldBe([(row.Item.Id, ItemState.DeleteRequested, 0, 2)]);
        (await Store.FindItemAsync(network, row.Item.Id, default))!.Item.State.ShouldBe(ItemState.DeleteRequested);
        (await Store.RemoveItemShardsAsync(network, [Place(1, 1).Shard], default)).ShouldBeEmpty();
        (await Store.RemoveItemAsync(network, row.Item.Id, 1, default)).ShouldBe(CommitOutcome.Conflict);
        (await Store.RemoveItemAsync(network, row.Item.Id, 2, default)).ShouldBe(CommitOutcome.Done);
        (await Store.FindItemAsync(network, row.Item.Id, default)).ShouldBeNull();
        (await Store.FindItemOfAsync(network, Place(2, 0).Shard, default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task MoveItem_ThatIsACopy_TakesItsShardsFromThoseThatTheyWereIn()
    {
        // Of the first two are wanted in another place, of the second the only one; the third is on its way, and the last was let go of.
        await MustAddItem(1, shardCount: 3);
        await MustAddItem(2, shardCount: 1);
        await MustAddItem(3, shardCount: 2);
        foreach (var (number, revision) in ((int, int)[])[(1, 0), (2, 0)]) await MustSeal(network, number, revision, day.AddDays(9));
        var draft = new StoreId(0x62);
        ShardId[] shards = [Place(1, 0).Shard, Place(1, 2).Shard, Place(2, 0).Shard, Place(3, 0).Shard, Place(9, 0).Shard];
        var row = NewItem(7) with { Store = draft };
        (await Store.AddItemAsync(row, [.. shards.Select((shard, index) => new ItemShardRow(shard, draft, row.Item.Id, index * 900, 900))], default)).ShouldBe(CommitOutcome.Done);

        (await Move(0)).ShouldBe(CommitOutcome.Conflict, "It is no copy.");
        await MustSeal(draft, 7, 0, day);
        (await Move(0)).ShouldBe(CommitOutcome.Conflict, "It is another by now.");
        (await Store.MoveItemAsync(draft, row.Item.Id, 1, [.. shards[1..]], network, day, default)).ShouldBe(CommitOutcome.Conflict, "It has one more.");
        (await Store.MoveItemAsync(new(0x63), row.Item.Id, 1, [.. shards], network, day, default)).ShouldBe(CommitOutcome.Conflict, "It is elsewhere.");
        (await Store.FindItemOfAsync(network, shards[0], default))!.Place.ShouldBe(Place(1, 0));

        (await Move(1)).ShouldBe(CommitOutcome.Done);

        for (var index = 0; index < 3; index++)
            (await Store.FindItemOfAsync(network, shards[index], default))!.Place.ShouldBe(new ItemShardRow(shards[index], network, row.Item.Id, index * 900, 900));
        (await Store.FindItemOfAsync(network, shards[3], default))!.Place.ShouldBe(Place(3, 0));
        (await Store.FindItemOfAsync(network, shards[4], default)).ShouldBeNull();
        (await Store.ListItemShardsAsync(network, row.Item.Id, null, 10, default)).Select(place => place.Shard).ShouldBe(shards[..3]);
        (await Store.ListItemShardsAsync(network, new(1), null, 10, default)).ShouldBe([Place(1, 1)]);
        (await Store.ListItemsAsync(draft, null, 10, default)).ShouldBeEmpty();
        (await Store.ListItemShardsAsync(draft, row.Item.Id, null, 10, default)).ShouldBeEmpty();
        (await Store.ListItemsAsync(network, null, 10, default)).Select(one => ((int)one.Item.Id.Value, one.Item.State, one.ShardCount, one.Revision, one.Item.NextStep)).ShouldBe(
        [
            (1, ItemState.Sealed, 1, 2, day.AddDays(9)),
            (2, ItemState.DeleteRequested, 0, 2, day.AddDays(1)),
            (3, ItemState.Planned, 2, 0, DateTimeOffset.UnixEpoch),
            (7, ItemState.Sealed, 3, 2, day),
        ]);
        (await Store.FindItemAsync(network, row.Item.Id, default))!.Buckets.ShouldBe(row.Buckets);
        (await Move(2)).ShouldBe(CommitOutcome.Conflict, "It has gone from there.");

        ValueTask<CommitOutcome> Move(int revision) => Store.MoveItemAsync(draft, row.Item.Id, revision, [.. shards], network, day.AddDays(1), default);
    }

    [Fact]
    public async Task MoveItem_OverOneThatWasLostOrForNothing_SavesTheShardOrIsToBeDeleted()
    {
        var draft = new StoreId(0x62);
        var lost = await MustAddItem(1, shardCount: 1);
        (await Store.UpdateItemAsync(network, 0, lost.Item with { State = ItemState.FailedFinal, ResumeState = ItemState.FailedFinal }, default)).ShouldBe(CommitOutcome.Done);
        foreach (var (number, shard) in ((int, ShardId)[])[(7, Place(1, 0).Shard), (8, Place(2, 0).Shard)])
        {
            (await Store.AddItemAsync(NewItem(number) with { Store = draft }, [new(shard, draft, new((UInt128)number), 0, 900)], default)).ShouldBe(CommitOutcome.Done);
            await MustSeal(draft, number, 0, day);
            (await Store.MoveItemAsync(draft, new((UInt128)number), 1, [shard], network, day, default)).ShouldBe(CommitOutcome.Done);
        }

        (await Store.FindItemOfAsync(network, Place(1, 0).Shard, default))!.Item.Item.Id.ShouldBe(new ItemId(7));
        (await Store.ListItemsAsync(null, null, 10, default)).Select(one => ((int)one.Item.Id.Value, one.Store, one.Item.State, one.ShardCount)).ShouldBe(
            [(1, network, ItemState.DeleteRequested, 0), (7, network, ItemState.Sealed, 1), (8, network, ItemState.DeleteRequested, 0)]);
    }

    [Fact]
    public async Task ListItems_ByStoreDueAndPages_ComeInOrder()
    {
        for (var number = 1; number <= 5; number++)
        {
            var row = await MustAddItem(number, shardCount: 1);
            var state = number == 4 ? ItemState.FailedFinal : ItemState.Pending;
            (await Store.UpdateItemAsync(network, 0, row.Item with { State = state, ResumeState = state, NextStep = day.AddHours(-number) }, default)).ShouldBe(CommitOutcome.Done);
        }

        var other = NewItem(1) with { Store = new(0x62) };
        (await Store.AddItemAsync(other, [Place(1, 0) with { Store = other.Store }], default)).ShouldBe(CommitOutcome.Done);
        (await Ids(Store.ListItemsAsync(null, null, 10, default))).ShouldBe([1, 2, 3, 4, 5, 1]);
        (await Ids(Store.ListItemsAsync(network, null, 10, default))).ShouldBe([1, 2, 3, 4, 5]);
        (await Ids(Store.ListItemsAsync(network, (network, new(2)), 2, default))).ShouldBe([3, 4]);
        (await Ids(Store.ListItemsAsync(new(0x62), null, 10, default))).ShouldBe([1]);
        (await Ids(Store.ListItemsAsync(new(0x60), null, 10, default))).ShouldBeEmpty();
        (await Ids(Store.ListItemsAsync(null, (network, new(5)), 10, default))).ShouldBe([1]);
        (await Ids(Store.ListItemsAsync(network, (new(0x60), new(9)), 10, default))).ShouldBe([1, 2, 3, 4, 5]);
        (await Ids(Store.ListItemsAsync(network, (new(0x62), new(1)), 10, default))).ShouldBeEmpty();

        // The one that failed for good is never due; the new one is due at once.
        (await Ids(Store.ListDueItemsAsync(day.AddHours(-1).AddMilliseconds(1), 10, default))).ShouldBe([1, 5, 3, 2, 1]);
        (await Ids(Store.ListDueItemsAsync(day.AddHours(-2), 2, default))).ShouldBe([1, 5]);

        static async Task<int[]> Ids(ValueTask<ImmutableArray<ItemRow>> rows) => [.. (await rows).Select(row => (int)row.Item.Id.Value)];
    }

    [Fact]
    public async Task ListItems_WithTheLeastIds_LeaveOutNone()
    {
        var none = new StoreId(0);
        var row = NewItem(0) with { Store = none };
        (await Store.AddItemAsync(row, [Place(0, 0) with { Store = none }], default)).ShouldBe(CommitOutcome.Done);
        foreach (var store in (StoreId?[])[null, none]) (await Store.ListItemsAsync(store, null, 10, default)).ShouldHaveSingleItem().Item.Id.ShouldBe(new ItemId(0));
        (await Store.ListItemsAsync(none, (none, new(0)), 10, default)).ShouldBeEmpty();
    }

    private async Task MustSeal(StoreId store, int number, int revision, DateTimeOffset nextStep)
    {
        var item = NewItem(number).Item with { State = ItemState.Sealed, ResumeState = ItemState.Sealed, NextStep = nextStep, Receipt = new() { Locator = new byte[] { 3 }, Address = "bafy", Accepted = day } };
        (await Store.UpdateItemAsync(store, revision, item, default)).ShouldBe(CommitOutcome.Done);
    }

    private protected static ItemRow NewItem(int number) => new()
    {
        Store = network,
        Item = new() { Id = new((UInt128)number), Length = 100_000, Sha256 = Enumerable.Repeat((byte)number, 32).ToArray() },
        Buckets = [new(new(5), 60_000), new(new(6), 40_000)],
    };

    private protected ItemShardRow Place(int item, int index) => new(new(new(Epoch, (ulong)item), (byte)index), network, new((UInt128)item), index * 1_000, 900);

    private protected async Task<ItemRow> MustAddItem(int number, int shardCount)
    {
        var row = NewItem(number);
        (await Store.AddItemAsync(row, [.. Enumerable.Range(0, shardCount).Select(index => Place(number, index))], default)).ShouldBe(CommitOutcome.Done);
        return row;
    }
}
