using System.Buffers;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Hosting;

public sealed class BlockPoolTests
{
    [Fact]
    public async Task BuildApp_OwnPool_IsTheOneThatTheServerUses()
    {
        await using var app = GatewayHost.BuildApp(new GatewayOptions { DataDirectory = "unused" });

        // The server adds its own factory, with blocks of 4 KiB; the last one registered wins.
        app.Services.GetRequiredService<IMemoryPoolFactory<byte>>().ShouldBeOfType<BlockPoolFactory>();
    }

    [Fact]
    public void Rent_AfterReturn_GivesTheSameMemory()
    {
        using var pool = new BlockPool();
        var first = pool.Rent();
        var memory = first.Memory;
        first.Dispose();
        using var second = pool.Rent();
        second.Memory.Equals(memory).ShouldBeTrue();
    }

    [Fact]
    public void Dispose_Twice_ReturnsOnce()
    {
        using var pool = new BlockPool();
        var block = pool.Rent();
        block.Dispose();
        block.Dispose();
        using var one = pool.Rent();
        using var other = pool.Rent();
        other.Memory.Equals(one.Memory).ShouldBeFalse();
    }

    [Fact]
    public void Rent_MoreThanABlock_IsRefused()
    {
        using var pool = new BlockPool();
        Should.Throw<ArgumentOutOfRangeException>(() => pool.Rent(pool.MaxBufferSize + 1));
    }
}
