using Oort.Crypto;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Hosting;

public sealed class RootKeyFileTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("oort-root-key-");
    private readonly byte[] bytes = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    private string KeyPath => Path.Combine(folder.FullName, "root.key");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void SaveAndLoad_NewFile_RoundTripsAndIsTheOwnersAlone()
    {
        using var root = new RootKey(bytes);

        RootKeyFile.Save(KeyPath, root);

        File.ReadAllBytes(KeyPath).ShouldBe(bytes);
        if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(KeyPath).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        folder.GetFiles().ShouldHaveSingleItem();
        using var loaded = RootKeyFile.Load(KeyPath);
        Bytes(loaded).ShouldBe(bytes);
    }

    [Fact]
    public void Save_FileExists_IsRefusedAndLeavesIt()
    {
        File.WriteAllText(KeyPath, "another root");
        using var root = new RootKey(bytes);

        Should.Throw<IOException>(() => RootKeyFile.Save(KeyPath, root));

        File.ReadAllText(KeyPath).ShouldBe("another root");
    }

    [Fact]
    public void Save_CrashLeftATemporaryFile_IsReplaced()
    {
        File.WriteAllText(KeyPath + ".new", "half");
        using var root = new RootKey(bytes);

        RootKeyFile.Save(KeyPath, root);

        File.ReadAllBytes(KeyPath).ShouldBe(bytes);
        File.Exists(KeyPath + ".new").ShouldBeFalse();
        if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(KeyPath).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public void Save_NoSuchFolder_IsAnIOException()
    {
        using var root = new RootKey(bytes);
        Should.Throw<IOException>(() => RootKeyFile.Save(Path.Combine(folder.FullName, "missing", "root.key"), root));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(33)]
    public void Load_OtherLength_IsRefused(int length)
    {
        WriteOwnerOnly(new byte[length]);
        Should.Throw<IOException>(() => RootKeyFile.Load(KeyPath)).Message.ShouldContain("32");
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void Load_OthersMayUseIt_IsRefusedWithTheWayOut(UnixFileMode extra)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such modes.");
        WriteOwnerOnly(bytes);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(KeyPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | extra);
        Should.Throw<IOException>(() => RootKeyFile.Load(KeyPath)).Message.ShouldContain("chmod 600");
    }

    [Fact]
    public void Load_NoFile_IsAnIOException() => Should.Throw<IOException>(() => RootKeyFile.Load(KeyPath));

    [Theory]
    [InlineData(31)]
    [InlineData(33)]
    public void RootKey_OtherLength_IsRefused(int length) => Should.Throw<ArgumentException>(() => new RootKey(new byte[length]));

    private static byte[] Bytes(RootKey root)
    {
        var copy = new byte[RootKey.Size];
        root.CopyTo(copy);
        return copy;
    }

    private void WriteOwnerOnly(byte[] content)
    {
        File.WriteAllBytes(KeyPath, content);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(KeyPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
