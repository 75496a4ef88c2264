using System.Buffers;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Oort.Objects.Budget;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Hosting;

public sealed class BlockPoolTests
{
    private readonly BufferPool buffers = new(new MemoryBudget(4 * BlockPool.BlockSize, TimeProvider.System));

    [Fact]
    public async Task BuildApp_OwnPool_IsTheOneThatTheServerUses()
    {
        await using var app = GatewayHost.BuildApp(new GatewayOptions { DataDirectory = "unused" }, buffers);

        // The server adds its own factory, with blocks of 4 KiB; the last one registered wins.
        app.Services.GetRequiredService<IMemoryPoolFactory<byte>>().ShouldBeOfType<BlockPoolFactory>();
    }

    [Fact]
    public void Rent_AfterReturn_GivesTheSameMemory()
    {
        using var pool = new BlockPool(buffers);
        var first = pool.Rent();
        var memory = first.Memory;
        first.Dispose();
        using var second = pool.Rent();
        second.Memory.Equals(memory).ShouldBeTrue();
    }

    [Fact]
    public void Dispose_Twice_ReturnsOnce()
    {
        using var pool = new BlockPool(buffers);
        var block = pool.Rent();
        block.Dispose();
        block.Dispose();
        using var one = pool.Rent();
        using var other = pool.Rent();
        other.Memory.Equals(one.Memory).ShouldBeFalse();
        buffers.Budget.Used.ShouldBe(2 * BlockPool.BlockSize);
    }

    [Fact]
    public void Rent_MoreThanABlock_IsRefused()
    {
        using var pool = new BlockPool(buffers);
        Should.Throw<ArgumentOutOfRangeException>(() => pool.Rent(pool.MaxBufferSize + 1));
    }

    /// <summary>The server cannot be made to wait, so objects are.</summary>
    [Fact]
    public void Rent_BudgetIsUsedUp_IsGivenAndOthersWait()
    {
        using var pool = new BlockPool(buffers);
        var blocks = Enumerable.Range(0, 6).Select(_ => pool.Rent()).ToArray();
        buffers.Budget.Used.ShouldBe(6 * BlockPool.BlockSize);
        buffers.TryRent(1, out _).ShouldBeFalse();
        foreach (var block in blocks) block.Dispose();
        buffers.Budget.Used.ShouldBe(0);
        buffers.Held.ShouldBe(6 * BlockPool.BlockSize, "the next of the crowd need it again");
    }

    /// <summary>It sends parts of answers as lists of arrays, and takes no other memory for that.</summary>
    [Fact]
    public void Rent_Block_IsAnArray()
    {
        using var pool = new BlockPool(buffers);
        using var block = pool.Rent();
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray<byte>(block.Memory, out _).ShouldBeTrue();
    }
}
