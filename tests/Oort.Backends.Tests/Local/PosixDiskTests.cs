using Oort.Backends.Local;
using Oort.Backends.Suite;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Local;

/// <summary>Writes past the page cache, on the file systems that this machine has.</summary>
public sealed class PosixDiskTests : IDisposable
{
    private const int Block = DirectAlignment.Size;

    private readonly List<DirectoryInfo> _folders = [];

    public void Dispose()
    {
        foreach (var folder in _folders)
            folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("/dev/shm")] // In memory: it takes no O_DIRECT, or only says so.
    public void WriteDirect_BesideCachedWrites_IsReadBack(string? parent)
    {
        using var file = Create(parent);
        file.Allocate(64 * Block);
        var buffer = new AlignedBuffer(8 * Block);
        TestBytes.Make(buffer.Size, 1).CopyTo(buffer.Span);
        file.Write(0, TestBytes.Make(100, 2));
        var nothing = new byte[Block];
        file.Read(4 * Block, nothing); // In the page cache now, as zeros.

        file.WriteDirect(2 * Block, buffer.Span[..Block], buffer.Span[Block..]);
        file.WriteDirect(20 * Block, [], buffer.Span);
        file.WriteDirect(40 * Block, buffer.Span, []);
        file.Sync();

        var read = new byte[buffer.Size];
        foreach (var at in new[] { 2, 20, 40 })
        {
            file.Read(at * Block, read).ShouldBe(read.Length);
            read.ShouldBe(TestBytes.Make(read.Length, 1));
        }

        file.Read(0, read.AsSpan(0, 100)).ShouldBe(100);
        read[..100].ShouldBe(TestBytes.Make(100, 2));
    }

    [Fact]
    public void WriteDirect_NotAligned_IsRefusedAndWritesNothing()
    {
        using var file = Create(null);
        var buffer = new AlignedBuffer(4 * Block);

        Should.Throw<ArgumentException>(() => file.WriteDirect(1, buffer.Span, []));
        Should.Throw<ArgumentException>(() => file.WriteDirect(0, buffer.Span[..100], []));
        Should.Throw<ArgumentException>(() => file.WriteDirect(0, [], buffer.Span[8..(Block + 8)]));

        file.Length.ShouldBe(0);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("/dev/shm")]
    public void ReadDirect_AnyPlace_ReadsUpToTheEndAndLeavesTheCacheAlone(string? parent)
    {
        using var file = Create(parent);
        var content = TestBytes.Make((6 * Block) + 100, 1);
        file.Write(0, content);
        file.IsCached(0, content.Length).ShouldBeTrue();
        file.Sync();
        file.DropCache();
        var wasCached = file.IsCached(2 * Block, 4 * Block);
        var buffer = new AlignedBuffer(4 * Block);

        file.ReadDirect(2 * Block, buffer.Span).ShouldBe(4 * Block);
        buffer.Span.ToArray().ShouldBe(content[(2 * Block)..(6 * Block)]);
        file.ReadDirect(5 * Block, buffer.Span).ShouldBe(Block + 100);
        buffer.Span[..(Block + 100)].ToArray().ShouldBe(content[(5 * Block)..]);
        file.ReadDirect(8 * Block, buffer.Span).ShouldBe(0);

        file.IsCached(2 * Block, 4 * Block).ShouldBe(wasCached);
        file.Read(2 * Block, new byte[4 * Block]).ShouldBe(4 * Block);
        file.IsCached(2 * Block, 4 * Block).ShouldBeTrue();
    }

    [Fact]
    public void ReadDirect_NotAligned_IsRefused()
    {
        using var file = Create(null);
        file.Write(0, TestBytes.Make(4 * Block, 1));
        var buffer = new AlignedBuffer(2 * Block);

        Should.Throw<ArgumentException>(() => file.ReadDirect(1, buffer.Span));
        Should.Throw<ArgumentException>(() => file.ReadDirect(0, buffer.Span[..100]));
        Should.Throw<ArgumentException>(() => file.ReadDirect(0, buffer.Span[8..(Block + 8)]));
    }

    [Fact]
    public void WriteDirect_DisposedFile_SaysSo()
    {
        var file = Create(null);
        file.CanWriteDirect.ShouldBe(OperatingSystem.IsLinux());
        file.Dispose();

        Should.Throw<ObjectDisposedException>(() => file.WriteDirect(0, new AlignedBuffer(Block).Span, []));
    }

    private IDiskFile Create(string? parent)
    {
        var folder = parent is not null && Directory.Exists(parent) ? Directory.CreateDirectory(Path.Combine(parent, Path.GetRandomFileName())) : Directory.CreateTempSubdirectory("oort-disk-");
        _folders.Add(folder);
        return new PosixDisk(folder.FullName).Open("file", DiskOpen.New);
    }
}
