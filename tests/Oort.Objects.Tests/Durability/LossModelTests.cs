using Oort.Objects.Durability;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Durability;

public sealed class LossModelTests
{
    /// <summary>The research's table: a segment just above its repair threshold, independent losses; figures to two digits, one of them to one.</summary>
    [Theory]
    [InlineData(29, 35, 0.2, 7, 6.6e-11)]
    [InlineData(29, 35, 0.5, 7, 8.6e-8)]
    [InlineData(16, 20, 0.2, 1, 5e-13, 0.1)]
    [InlineData(16, 20, 0.2, 7, 8.5e-9)]
    [InlineData(16, 20, 0.5, 7, 1.9e-6)]
    [InlineData(10, 13, 0.2, 1, 3.6e-11)]
    [InlineData(10, 13, 0.2, 7, 8.3e-8)]
    [InlineData(10, 13, 0.5, 7, 7.7e-6)]
    [InlineData(8, 10, 0.2, 1, 1.1e-8)]
    [InlineData(8, 10, 0.2, 7, 3.6e-6)]
    [InlineData(8, 10, 0.5, 7, 1.4e-4)]
    [InlineData(4, 5, 0.2, 1, 1.2e-6)]
    [InlineData(4, 5, 0.2, 7, 5.8e-5)]
    [InlineData(4, 5, 0.5, 7, 8.9e-4)]
    public void AnnualLoss_JustAboveTheThreshold_ReproducesTheResearch(int data, int threshold, double annualLoss, int days, double expected, double tolerance = 0.05) =>
        LossModel.AnnualLoss(threshold + 1, data, annualLoss, TimeSpan.FromDays(days)).ShouldBe(expected, expected * tolerance);

    [Fact]
    public void AnnualLoss_StorjsCode_IsBeyondTheTable() => LossModel.AnnualLoss(36, 29, 0.2, TimeSpan.FromDays(1)).ShouldBeInRange(1e-18, 1e-15);

    [Fact]
    public void AnnualLoss_OfOneCopy_IsTheRateOfTheStore() => LossModel.AnnualLoss(1, 1, 0.05, TimeSpan.FromDays(1)).ShouldBe(0.05, 0.0001);

    [Fact]
    public void AnnualLoss_SimulatedStores_AgreesWithTheCount()
    {
        // 2 of 4 with bad stores: so many losses that they can be counted. A window at a time, as the model says.
        var window = TimeSpan.FromDays(36.5);
        var p = LossModel.Within(1, window);
        var random = new Random(1);
        const int windows = 1_000_000;
        var losses = 0;
        for (var number = 0; number < windows; number++)
        {
            var left = 0;
            for (var store = 0; store < 4; store++) left += random.NextDouble() >= p ? 1 : 0;
            losses += left < 2 ? 1 : 0;
        }

        LossModel.AnnualLoss(4, 2, 1, window).ShouldBe(losses / (double)windows * 10, 0.0023); // Four standard deviations of the count.
    }

    [Fact]
    public void AnnualLoss_OneOperatorWithMoreThanTheParity_IsItsRate()
    {
        double[] rates = [.. Enumerable.Repeat(0.01, 6)];
        var alone = LossModel.AnnualLoss(rates, 4, [], TimeSpan.FromDays(1));
        LossModel.AnnualLoss(rates, 4, [new(0.02, 3)], TimeSpan.FromDays(1)).ShouldBe(alone + 0.02, 1e-9);
        // With as much as the parity it is lost only if another store goes before the repair has ended.
        LossModel.AnnualLoss(rates, 4, [new(0.02, 2)], TimeSpan.FromDays(1)).ShouldBe(alone + 0.02 * (1 - Math.Pow(1 - LossModel.Within(0.01, TimeSpan.FromDays(1)), 4)), 1e-9);
    }

    [Fact]
    public void AnnualLoss_TooFewShards_IsCertain() => LossModel.AnnualLoss(3, 4, 0.01, TimeSpan.FromDays(1)).ShouldBe(1);

    [Fact]
    public void Nines_AreWhatPeopleMean()
    {
        LossModel.Nines(1e-11).ShouldBe(11, 1e-9);
        LossModel.Nines(1).ShouldBe(0);
        LossModel.Nines(0).ShouldBe(double.PositiveInfinity);
    }
}
