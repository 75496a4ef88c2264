// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A contract that takes orders as Crust's StorageOrder does, for tests. WARNING: everybody may set its prices; it stores nothing.
contract StorageOrder {
    event Order(address customer, address merchant, string cid, uint256 size, uint256 price, bool isPermanent);

    uint256 public basePrice = 2e12;
    uint256 public bytePrice = 1e6;

    /// @notice Who takes orders next; nobody when it is zero.
    address payable public merchant = payable(address(0x70997970C51812dc3A010C7d01b50e0d17dc79C8));

    function setPrice(uint256 base, uint256 perByte) external {
        (basePrice, bytePrice) = (base, perByte);
    }

    function setMerchant(address payable next) external {
        merchant = next;
    }

    /// @notice What an order costs, in wei.
    function getPrice(uint256 size, bool isPermanent) public view returns (uint256) {
        return (basePrice + size * bytePrice) * (isPermanent ? 5 : 1);
    }

    /// @notice Orders a file at whoever is next.
    function placeOrder(string calldata cid, uint256 size, bool isPermanent) external payable {
        require(merchant != address(0), "No node to choose");
        place(cid, size, merchant, isPermanent);
    }

    /// @notice Orders a file at one that is named.
    function placeOrderWithNode(string calldata cid, uint256 size, address node, bool isPermanent) external payable {
        require(node == merchant, "Unsupported node");
        place(cid, size, merchant, isPermanent);
    }

    function place(string calldata cid, uint256 size, address payable node, bool isPermanent) private {
        uint256 price = getPrice(size, isPermanent);
        require(msg.value >= price, "No enough balance to place order");
        // What is too much goes back to who sent it.
        if (msg.value > price) payable(msg.sender).transfer(msg.value - price);
        node.transfer(price);
        emit Order(msg.sender, node, cid, size, price, isPermanent);
    }
}
