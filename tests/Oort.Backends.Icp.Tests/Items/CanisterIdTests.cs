namespace Oort.Backends.Icp.Tests.Items;

/// <summary>Ids as the network writes them.</summary>
public sealed class CanisterIdTests
{
    // Three of the network's own canisters, whose principals are in its documentation.
    [Theory]
    [InlineData("ryjl3-tyaaa-aaaaa-aaaba-cai", "00000000000000020101")]
    [InlineData("rrkah-fqaaa-aaaaa-aaaaq-cai", "00000000000000010101")]
    [InlineData("rwlgt-iiaaa-aaaaa-aaaaa-cai", "00000000000000000101")]
    [InlineData("2vxsx-fae", "04")]
    public void Id_OfTheNetwork_IsReadAndWritten(string text, string hex)
    {
        var id = CanisterId.Parse(text);
        Convert.ToHexStringLower(id.Bytes).ShouldBe(hex);
        id.ToString().ShouldBe(text);
        id.ShouldBe(new CanisterId(Convert.FromHexString(hex)));
    }

    [Fact]
    public void Id_OfEveryLength_IsReadAsItWasWritten()
    {
        for (var size = 1; size <= CanisterId.SizeMax; size++)
        {
            var id = new CanisterId([.. Enumerable.Range(0, size).Select(i => (byte)(i * 37 + size))]);
            CanisterId.Parse(id.ToString()).ShouldBe(id);
        }

        Should.Throw<ArgumentException>(() => new CanisterId([]));
        Should.Throw<ArgumentException>(() => new CanisterId(new byte[CanisterId.SizeMax + 1]));
    }

    [Fact]
    public void Id_WithAnyLetterChanged_IsRefused()
    {
        const string text = "ryjl3-tyaaa-aaaaa-aaaba-cai";
        for (var i = 0; i < text.Length; i++)
            foreach (var letter in "ab2-A1./")
                if (letter != text[i]) CanisterId.TryParse(text[..i] + letter + text[(i + 1)..], out _).ShouldBeFalse();
        foreach (var other in (string[])["", "aaaaa-aa", "ryjl3tyaaaaaaaaaaabacai", text + "-", "-" + text, text.ToUpperInvariant(), text + "a", text[..^1], new string('a', 200)])
            CanisterId.TryParse(other, out _).ShouldBeFalse(other);
        Should.Throw<FormatException>(() => CanisterId.Parse("icp0.io"));
    }
}
