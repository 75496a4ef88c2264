using System.Text.RegularExpressions;
using Oort.Gateway.Access;
using Oort.Gateway.Access.Lists;
using Oort.Metadata;
using Oort.Objects.Tests.Shards;
using Oort.Objects.Tests.World;
using Oort.S3;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Access.Lists;

/// <summary>Lists and ownership, as docs/formats has them.</summary>
public sealed partial class AccessListFormatTests
{
    public static TheoryData<string, string> Vectors => [.. from format in (string[])["access-list", "object-ownership"] from name in FormatVector.Names(format, "*.txt") select (format, name)];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Read_Vector_EndsAsItExpects(string format, string name)
    {
        var vector = FormatVector.Read(format, name);
        IsRead(format, vector.Bytes).ShouldBe(vector.Expect == "ok");
        if (vector.Expect == "ok" && format == "access-list") AccessLists.Encode(AccessLists.Decode(vector.Bytes)).AsSpan().SequenceEqual(Sorted(vector.Bytes)).ShouldBeTrue("It is written as it was read.");

        // The one with every kind has groups and accounts mixed.
        byte[] Sorted(byte[] bytes) => name.StartsWith("all-kinds", StringComparison.Ordinal) ? [.. AccessLists.Encode(AccessList.Of(NaiveRead(bytes)!))] : bytes;
    }

    [Theory]
    [InlineData("access-list", "public-read")]
    [InlineData("object-ownership", "writer")]
    public void Page_Example_IsTheVectorAndEveryTruncationIsRejected(string format, string name)
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "formats", format + ".md"));
        var bytes = Convert.FromHexString(WhiteSpace().Replace(Hex().Match(page).Groups[1].Value, ""));
        bytes.ShouldBe(FormatVector.Read(format, name).Bytes);
        for (var length = 0; length < bytes.Length; length++) IsRead(format, bytes[..length]).ShouldBeFalse();
    }

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Read_EveryFlippedBitOfAList_IsAsTheNaiveReaderSays(string format, string name)
    {
        if (format != "access-list") return;
        var bytes = FormatVector.Read(format, name).Bytes;
        for (var at = 0; at < Math.Min(bytes.Length, 100) * 8; at++)
        {
            var flipped = bytes.ToArray();
            flipped[at / 8] ^= (byte)(1 << (at % 8));
            Agree(flipped);
        }

        for (var length = 0; length <= bytes.Length; length++) Agree(bytes[..length]);

        static void Agree(byte[] some)
        {
            var naive = NaiveRead(some);
            IsRead("access-list", some).ShouldBe(naive is not null);
            if (naive is not null) AccessLists.Decode(some).Grants.ShouldBe(naive, ignoreOrder: true);
        }
    }

    [Theory]
    [InlineData("acl", "0101")]
    [InlineData("object-ownership", "0104")]
    public void BucketAccess_OfWhatCannotBeRead_IsAFault(string setting, string hex)
    {
        var row = new BucketRow { Id = default, Name = "b", OwnerId = "owner", Created = DateTimeOffset.UnixEpoch, Region = "us-east-1" };
        row = ObjectOwnerships.Set(row, ObjectOwnership.ObjectWriter);
        new BucketAccessCache().Of(row).Fault.ShouldBeNull();
        row = row with { Settings = row.Settings.SetItem(setting, [.. Convert.FromHexString(hex)]) };
        new BucketAccessCache().Of(row).Fault.ShouldNotBeNull();
    }

    [Fact]
    public void Set_TheListOfWhatWasGivenNone_IsNotKept()
    {
        var row = new BucketRow { Id = default, Name = "b", OwnerId = "owner", Created = DateTimeOffset.UnixEpoch, Region = "us-east-1" };
        var other = AccessLists.Set(row, AccessList.Empty);
        AccessLists.Of(other).Grants.ShouldBeEmpty();
        AccessLists.Set(other, AccessList.PrivateOf("owner")).Settings.ShouldBeEmpty();
        AccessLists.Set(other, AccessList.PrivateOf("another")).Settings.Keys.ShouldBe([AccessLists.SettingName]);
    }

    private static bool IsRead(string format, byte[] bytes)
    {
        try
        {
            if (format == "access-list") AccessLists.Decode(bytes);
            else ObjectOwnerships.Decode(bytes);
            return true;
        }
        catch (MetadataFormatException)
        {
            return false;
        }
    }

    /// <summary>Written from the page.</summary>
    private static List<ListedGrant>? NaiveRead(byte[] bytes)
    {
        if (bytes.Length < 2 || bytes[0] != 1 || bytes[1] > 100) return null;
        var grants = new List<ListedGrant>();
        var at = 2;
        for (var i = 0; i < bytes[1]; i++)
        {
            if (at + 2 > bytes.Length || bytes[at] < 1 || bytes[at] > 5 || bytes[at + 1] > 3) return null;
            var (permission, kind, id) = ((AclPermission)bytes[at], (Grantee)bytes[at + 1], "");
            at += 2;
            if (kind == Grantee.Account)
            {
                if (at == bytes.Length || bytes[at] == 0 || bytes[at] > 128 || at + 1 + bytes[at] > bytes.Length) return null;
                var text = bytes[(at + 1)..(at + 1 + bytes[at])];
                id = System.Text.Encoding.UTF8.GetString(text);
                if (!System.Text.Encoding.UTF8.GetBytes(id).SequenceEqual(text)) return null;
                at += 1 + text.Length;
            }

            grants.Add(new(permission, kind, id));
        }

        return at == bytes.Length ? grants : null;
    }

    [GeneratedRegex("```hex\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Hex();

    [GeneratedRegex("\\s+")]
    private static partial Regex WhiteSpace();
}
