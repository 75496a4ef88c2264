using Shouldly;
using Xunit;

namespace Oort.Backends.Suite;

public abstract partial class StoreConformance
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_000)]
    public async Task Blob_AnyLength_ReadsBackAfterReopening(int length)
    {
        await Store.PutBlobAsync("keyring", TestBytes.Make(length, 1), None);
        (await Store.GetBlobAsync("keyring", None)).ShouldBe(TestBytes.Make(length, 1));

        await ReopenStoreAsync();

        (await Store.GetBlobAsync("keyring", None)).ShouldBe(TestBytes.Make(length, 1));
    }

    [Fact]
    public async Task Blob_LargestOfAll_IsTakenAndOneByteMoreIsNot()
    {
        var largest = new byte[IBlobStore.SizeMax];
        largest[^1] = 7;

        await Store.PutBlobAsync("a", largest, None);

        (await Store.GetBlobAsync("a", None)).ShouldNotBeNull().AsSpan().SequenceEqual(largest).ShouldBeTrue();
        await Should.ThrowAsync<ArgumentOutOfRangeException>(async () => await Store.PutBlobAsync("b", new byte[IBlobStore.SizeMax + 1], None));
        (await Store.GetBlobAsync("b", None)).ShouldBeNull();
    }

    [Fact]
    public async Task Blob_ReadIntoMemory_SaysItsLengthAlsoWhereItDoesNotFit()
    {
        await Store.PutBlobAsync("a", TestBytes.Make(1000, 1), None);
        var memory = new byte[1001];

        (await Store.ReadBlobAsync("a", memory, None)).ShouldBe(1000);
        memory[..1000].ShouldBe(TestBytes.Make(1000, 1));
        memory[1000].ShouldBe((byte)0);
        (await Store.ReadBlobAsync("a", memory.AsMemory(0, 1000), None)).ShouldBe(1000);
        (await Store.ReadBlobAsync("a", memory.AsMemory(0, 999), None)).ShouldBe(1000);
        (await Store.ReadBlobAsync("b", memory, None)).ShouldBeNull();
        await Should.ThrowAsync<ArgumentException>(async () => await Store.ReadBlobAsync("../a", memory, None));
    }

    [Fact]
    public async Task Blob_PutAgain_Replaces()
    {
        await Store.PutBlobAsync("a", TestBytes.Make(1000, 1), None);
        await Store.PutBlobAsync("a", TestBytes.Make(10, 2), None);

        (await Store.GetBlobAsync("a", None)).ShouldBe(TestBytes.Make(10, 2));
    }

    [Fact]
    public async Task Blob_Deleted_IsGone()
    {
        await Store.PutBlobAsync("a", new byte[1], None);
        await Store.DeleteBlobAsync("a", None);
        await Store.DeleteBlobAsync("a", None);

        (await Store.GetBlobAsync("a", None)).ShouldBeNull();
    }

    [Fact]
    public async Task Blob_List_IsByPrefixInOrdinalOrder()
    {
        foreach (var name in new[] { "snapshot/10/manifest", "snapshot/10/1", "snapshot/1", "snapshot-x", "keyring", "snapshot.y/1", "snapshot" })
            await Store.PutBlobAsync(name, new byte[1], None);
        await Store.AppendLogAsync("snapshot/log", 0, new byte[1], None);

        (await CollectAsync(Store.ListBlobsAsync("snapshot/", None))).ShouldBe(["snapshot/1", "snapshot/10/1", "snapshot/10/manifest"]);
        (await CollectAsync(Store.ListBlobsAsync("snapshot", None))).ShouldBe(["snapshot", "snapshot-x", "snapshot.y/1", "snapshot/1", "snapshot/10/1", "snapshot/10/manifest"]);
        (await CollectAsync(Store.ListBlobsAsync("snapshot/10/m", None))).ShouldBe(["snapshot/10/manifest"]);
        (await CollectAsync(Store.ListBlobsAsync("", None))).Count.ShouldBe(7);
        (await CollectAsync(Store.ListBlobsAsync("none", None))).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("../a")]
    [InlineData("a/../b")]
    [InlineData("a/.b")]
    [InlineData("A")]
    [InlineData("a_b")]
    [InlineData("a\\b")]
    [InlineData("a\0")]
    [InlineData("ä")]
    public async Task Name_NotAllowed_IsRefusedEverywhere(string name)
    {
        await Should.ThrowAsync<ArgumentException>(async () => await Store.PutBlobAsync(name, new byte[1], None));
        await Should.ThrowAsync<ArgumentException>(async () => await Store.GetBlobAsync(name, None));
        await Should.ThrowAsync<ArgumentException>(async () => await Store.DeleteBlobAsync(name, None));
        await Should.ThrowAsync<ArgumentException>(async () => await Store.AppendLogAsync(name, 0, new byte[1], None));
        await Should.ThrowAsync<ArgumentException>(async () => await Store.ReadLogAsync(name, 0, new byte[1], None));
        await Should.ThrowAsync<ArgumentException>(async () => await Store.LogLengthAsync(name, None));
        await Should.ThrowAsync<ArgumentException>(async () => await Store.DeleteLogAsync(name, None));
    }

    [Fact]
    public async Task Name_LongestOfAll_IsTakenAndOneCharacterMoreIsNot()
    {
        var name = string.Concat(Enumerable.Repeat("a/b.-9", 40))[..(StoreNames.LengthMax - 1)] + "z";

        await Store.PutBlobAsync(name, new byte[3], None);
        await Store.AppendLogAsync(name, 0, new byte[4], None);

        (await Store.GetBlobAsync(name, None)).ShouldBe(new byte[3]);
        (await Store.LogLengthAsync(name, None)).ShouldBe(4);
        await Should.ThrowAsync<ArgumentException>(async () => await Store.PutBlobAsync(name + "z", new byte[1], None));
    }

    [Fact]
    public async Task Log_Appended_ReadsBackAfterReopening()
    {
        var content = TestBytes.Make(100_000, 1);
        for (var i = 0; i < content.Length; i += 9_999)
            await Store.AppendLogAsync("journal/1/a", i, content.AsMemory(i, Math.Min(9_999, content.Length - i)), None);

        for (var round = 0; round < 2; round++)
        {
            (await Store.LogLengthAsync("journal/1/a", None)).ShouldBe(content.Length);
            var read = new byte[content.Length];
            (await Store.ReadLogAsync("journal/1/a", 0, read, None)).ShouldBe(content.Length);
            read.ShouldBe(content);
            var tail = new byte[20];
            (await Store.ReadLogAsync("journal/1/a", content.Length - 10, tail, None)).ShouldBe(10);
            tail[..10].ShouldBe(content[^10..]);
            (await Store.ReadLogAsync("journal/1/a", content.Length, tail, None)).ShouldBe(0);
            await ReopenStoreAsync();
        }

        await Store.AppendLogAsync("journal/1/a", content.Length, new byte[5], None);
        (await Store.LogLengthAsync("journal/1/a", None)).ShouldBe(content.Length + 5);
    }

    [Fact]
    public async Task Log_LongerThanTheOffset_IsCutBack()
    {
        await Store.AppendLogAsync("a", 0, TestBytes.Make(100, 1), None);
        await Store.AppendLogAsync("a", 40, TestBytes.Make(10, 2), None);

        var read = new byte[100];
        (await Store.ReadLogAsync("a", 0, read, None)).ShouldBe(50);
        read[..50].ShouldBe([.. TestBytes.Make(100, 1)[..40], .. TestBytes.Make(10, 2)]);
    }

    [Fact]
    public async Task Log_ShorterThanTheOffset_IsCorruptAndUntouched()
    {
        await Store.AppendLogAsync("a", 0, new byte[10], None);

        (await FailureOf(async () => await Store.AppendLogAsync("a", 11, new byte[1], None))).ShouldBe(BackendErrorKind.Corrupt);
        (await FailureOf(async () => await Store.AppendLogAsync("new", 1, new byte[1], None))).ShouldBe(BackendErrorKind.Corrupt);

        (await Store.LogLengthAsync("a", None)).ShouldBe(10);
        (await CollectAsync(Store.ListLogsAsync("", None))).ShouldBe(["a"]);
    }

    [Fact]
    public async Task Log_Unknown_IsEmpty()
    {
        (await Store.LogLengthAsync("a", None)).ShouldBe(0);
        (await Store.ReadLogAsync("a", 0, new byte[1], None)).ShouldBe(0);
    }

    [Fact]
    public async Task Log_Deleted_BeginsAgainAtZero()
    {
        await Store.AppendLogAsync("a", 0, new byte[10], None);
        await Store.DeleteLogAsync("a", None);
        await Store.DeleteLogAsync("a", None);
        (await Store.LogLengthAsync("a", None)).ShouldBe(0);

        await Store.AppendLogAsync("a", 0, TestBytes.Make(3, 1), None);

        (await Store.LogLengthAsync("a", None)).ShouldBe(3);
    }

    [Fact]
    public async Task Log_ManyLogs_DoNotMix()
    {
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 40; i++)
                await Store.AppendLogAsync($"journal/{i}", round * 4, BitConverter.GetBytes(i * 10 + round), None);
        }

        (await CollectAsync(Store.ListLogsAsync("journal/", None))).Count.ShouldBe(40);
        var read = new byte[12];
        (await Store.ReadLogAsync("journal/17", 0, read, None)).ShouldBe(12);
        read.ShouldBe([.. BitConverter.GetBytes(170), .. BitConverter.GetBytes(171), .. BitConverter.GetBytes(172)]);
    }
}
