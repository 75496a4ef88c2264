// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the tests of Oort.Evm ask a real EVM. WARNING: holds what it is sent for ever.
contract Probe {
    struct Entry {
        string key;
        bytes value;
        uint256[] numbers;
    }

    event Noted(address indexed by, uint256 indexed number, string text, bytes data);

    error Probe_TooSmall(uint256 given, uint256 least);

    uint256 public number;

    /// @notice Remembers a number and says so.
    function note(uint256 value, string calldata text, bytes calldata data) external payable {
        number = value;
        emit Noted(msg.sender, value, text, data);
    }

    /// @notice Gives back what it was given, as this compiler writes it.
    function echo(
        Entry[] calldata entries,
        int64 small,
        bytes4 tag,
        bool flag,
        address who,
        uint8[3] calldata three,
        string[][] calldata texts
    )
        external
        pure
        returns (Entry[] memory, int64, bytes4, bool, address, uint8[3] memory, string[][] memory)
    {
        return (entries, small, tag, flag, who, three, texts);
    }

    /// @notice Whose signature the chain itself takes this for.
    function signerOf(bytes32 digest, uint8 v, bytes32 r, bytes32 s) external pure returns (address) {
        return ecrecover(digest, v, r, s);
    }

    /// @notice Refuses in one of the ways in which a contract can.
    function refuse(uint256 how) external pure returns (uint256) {
        if (how == 0) revert("not today");
        if (how == 1) return 1 / (how - 1);
        if (how == 2) revert Probe_TooSmall(how, 3);
        revert();
    }
}
