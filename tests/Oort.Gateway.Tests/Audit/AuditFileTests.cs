using System.Text;
using Oort.Gateway.Audit;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Audit;

public sealed class AuditFileTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("oort-audit-");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void Open_FileWithLines_IsAppendedTo()
    {
        File.WriteAllText(Path(), "before\n");
        Write(100, 3, "after\n");
        Read().ShouldBe("before\nafter\n");
    }

    [Fact]
    public void Open_LineThatACrashCutOff_IsEndedFirst()
    {
        File.WriteAllText(Path(), "whole\n{\"v\":1,\"ti");
        Write(100, 3, "after\n");
        Read().ShouldBe("whole\n{\"v\":1,\"ti\nafter\n");
    }

    [Fact]
    public void Write_BeyondTheSize_BeginsANewFileAndKeepsSoMany()
    {
        using var file = new AuditFile(Path(), 10, 3);
        for (var i = 1; i <= 5; i++) file.Write(Encoding.UTF8.GetBytes($"line {i}\n"));
        Read().ShouldBe("line 5\n");
        Read(".1").ShouldBe("line 4\n");
        Read(".2").ShouldBe("line 3\n");
        folder.GetFiles().Length.ShouldBe(3);
    }

    [Fact]
    public void Write_OneFileOnly_DropsWhatWasBefore()
    {
        using var file = new AuditFile(Path(), 10, 1);
        for (var i = 1; i <= 3; i++) file.Write(Encoding.UTF8.GetBytes($"line {i}\n"));
        Read().ShouldBe("line 3\n");
        folder.GetFiles().Length.ShouldBe(1);
    }

    /// <summary>What a crash between two renames leaves.</summary>
    [Fact]
    public void Write_GapAmongTheFilesBefore_IsFilledAndNothingWrittenOver()
    {
        File.WriteAllText(Path(), "newest\n");
        File.WriteAllText(Path(".1"), "first\n");
        File.WriteAllText(Path(".3"), "third\n");
        Write(10, 5, "now here\n");
        (Read(), Read(".1"), Read(".2"), Read(".3")).ShouldBe(("now here\n", "newest\n", "first\n", "third\n"));
    }

    [Fact]
    public void Reopen_FileMovedAway_WritesANewOne()
    {
        using var file = new AuditFile(Path(), 100, 3);
        file.Write("one\n"u8);
        File.Move(Path(), Path(".moved"));
        file.Write("two\n"u8);
        file.Reopen();
        file.Write("three\n"u8);
        (Read(".moved"), Read()).ShouldBe(("one\ntwo\n", "three\n"));
    }

    [Fact]
    public void Open_NewFile_IsItsOwnersOnly()
    {
        Write(100, 3, "line\n");
        if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(Path()).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private void Write(long sizeMax, int countMax, string line)
    {
        using var file = new AuditFile(Path(), sizeMax, countMax);
        file.Write(Encoding.UTF8.GetBytes(line));
        file.Sync();
    }

    private string Path(string suffix = "") => System.IO.Path.Combine(folder.FullName, "audit.log" + suffix);

    private string Read(string suffix = "") => File.ReadAllText(Path(suffix));
}
