using System.Text.RegularExpressions;
using Oort.Gateway.Access;
using Oort.Metadata;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Access;

/// <summary>The settings "policy" and "public-access-block" of buckets, as docs/formats has them.</summary>
public sealed partial class BucketAccessFormatTests
{
    public static TheoryData<string, string> Vectors => [.. from setting in (string[])[BucketPolicy.SettingName, PublicAccessBlocks.SettingName] from name in FormatVector.Names(FormatOf(setting), "*.txt") select (setting, name)];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Read_Vector_EndsAsItExpects(string setting, string name)
    {
        var vector = FormatVector.Read(FormatOf(setting), name);
        var access = Read(setting, vector.Bytes);
        (access.Fault is null ? "ok" : "reject").ShouldBe(vector.Expect, access.Fault);
        if (access.Fault is not null) (access.Policy, access.Block).ShouldBe((null, PublicAccessBlock.All));
    }

    [Theory]
    [InlineData(BucketPolicy.SettingName, "public-read")]
    [InlineData(PublicAccessBlocks.SettingName, "two-flags")]
    public void Page_Example_IsTheVectorAndEveryTruncationIsRejected(string setting, string name)
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", FormatOf(setting) + ".md"));
        var bytes = Convert.FromHexString(WhiteSpace().Replace(Hex().Match(page).Groups[1].Value, ""));
        bytes.ShouldBe(FormatVector.Read(FormatOf(setting), name).Bytes);
        for (var length = 0; length < bytes.Length; length++) Read(setting, bytes[..length]).Fault.ShouldNotBeNull();
    }

    [Fact]
    public void Read_EveryFlippedBitOfAPolicy_IsRejectedOrAPolicyStill()
    {
        var bytes = FormatVector.Read("bucket-policy", "public-read").Bytes;
        var rejected = 0;
        for (var at = 0; at < bytes.Length * 8; at++)
        {
            var flipped = bytes.ToArray();
            flipped[at / 8] ^= (byte)(1 << (at % 8));
            var access = Read(BucketPolicy.SettingName, flipped);
            (access.Policy is null).ShouldBe(access.Fault is not null);
            if (access.Fault is not null) rejected++;
        }

        rejected.ShouldBeGreaterThan(bytes.Length * 6);
    }

    [Fact]
    public void PublicAccessBlock_EveryByteOfFlags_IsReadOrRejected()
    {
        for (var flags = 0; flags <= byte.MaxValue; flags++)
        {
            var access = Read(PublicAccessBlocks.SettingName, [1, (byte)flags]);
            if (flags <= 16) (access.Fault, (int)access.Block).ShouldBe((null, flags));
            else access.Fault.ShouldNotBeNull();
        }

        PublicAccessBlocks.Encode(PublicAccessBlock.BlockPublicPolicy | PublicAccessBlock.RestrictPublicBuckets).AsSpan().ToArray().ShouldBe([1, 12]);
    }

    private static string FormatOf(string setting) => setting == BucketPolicy.SettingName ? "bucket-policy" : setting;

    private static BucketAccess Read(string setting, byte[] bytes) =>
        new BucketAccessCache().Of(new BucketRow { Id = default, Name = "site", OwnerId = "owner", Created = DateTimeOffset.UnixEpoch, Region = "us-east-1", Settings = System.Collections.Immutable.ImmutableSortedDictionary<string, System.Collections.Immutable.ImmutableArray<byte>>.Empty.Add(setting, [.. bytes]) });

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex("\\s+")]
    private static partial Regex WhiteSpace();
}
