using System.Text.RegularExpressions;
using Oort.Metadata;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Oort.Objects.Tiering;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Tiering;

public sealed partial class RestoreStateTests
{
    private static readonly DateTimeOffset noon = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset expiry = new(2026, 11, 27, 0, 0, 0, TimeSpan.Zero);
    private static readonly RestoreState restored = new(RestorePhase.Restored, RestoreTier.Expedited, 3, noon, expiry);

    public static TheoryData<string> Names => [.. FormatVector.Names("restore", "*.txt")];

    [Theory]
    [MemberData(nameof(Names))]
    public void TryDecode_Vector_EndsAsItExpects(string name)
    {
        var vector = FormatVector.Read("restore", name);
        (RestoreState.TryDecode(vector.Bytes, out var state) ? "ok" : "reject").ShouldBe(vector.Expect);
        if (vector.Expect == "ok") state.Encode().ShouldBe(vector.Bytes);
    }

    [Fact]
    public void Page_Example_IsTheVectorAndTheState()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", "restore.md"));
        var bytes = Convert.FromHexString(Whitespace().Replace(Hex().Match(page).Groups[1].Value, ""));
        bytes.ShouldBe(FormatVector.Read("restore", "restored").Bytes);
        restored.Encode().ShouldBe(bytes);
        RestoreState.TryDecode(bytes, out var state).ShouldBeTrue();
        state.ShouldBe(restored);
    }

    [Theory]
    [InlineData("STANDARD", true)]
    [InlineData("GLACIER_IR", true)]
    [InlineData("GLACIER", false)]
    [InlineData("DEEP_ARCHIVE", false)]
    public void IsReadable_NeverRestored_AllButArchives(string storageClass, bool expected) => RestoreState.IsReadable(Version(storageClass, null), noon).ShouldBe(expected);

    [Fact]
    public void IsReadable_Restored_UntilItExpires()
    {
        var version = Version("GLACIER", restored.Encode());
        RestoreState.IsReadable(version, noon).ShouldBeTrue();
        RestoreState.IsReadable(version, expiry.AddTicks(-1)).ShouldBeTrue();
        RestoreState.IsReadable(version, expiry).ShouldBeFalse();
        RestoreState.IsReadable(Version("GLACIER", (restored with { Phase = RestorePhase.Requested, Expires = null }).Encode()), noon).ShouldBeFalse();
    }

    [Fact]
    public void IsReadable_StateThatCannotBeRead_IsNotRestored()
    {
        var newer = restored.Encode();
        newer[0] = 2;
        RestoreState.Of(Version("GLACIER", newer)).ShouldBeNull();
        RestoreState.IsReadable(Version("GLACIER", newer), noon).ShouldBeFalse();
    }

    [Fact]
    public void Set_StateAndNone_AddsAndRemovesTheAttribute()
    {
        var attributes = RestoreState.Set(StoredTags.Set(ObjectAttributes.Empty, [("k", "v")]), restored);
        RestoreState.Of(Version("GLACIER", null) with { Attributes = attributes }).ShouldBe(restored);
        var none = RestoreState.Set(attributes, null);
        none.Extensions.Keys.ShouldBe(["tagging"]);
    }

    private static VersionRow Version(string storageClass, byte[]? restore) => new()
    {
        Bucket = new(1),
        Key = "k",
        Id = new(1, 1),
        LastModified = DateTimeOffset.UnixEpoch,
        OwnerId = "o",
        StorageClass = storageClass,
        Attributes = restore is null ? ObjectAttributes.Empty : ObjectAttributes.Empty with { Extensions = ObjectAttributes.Empty.Extensions.SetItem("restore", [.. restore]) },
    };

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex(@"\s")]
    private static partial Regex Whitespace();
}
