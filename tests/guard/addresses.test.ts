import { strict as assert } from "node:assert";
import { describe, it } from "node:test";
import { TELEGRAM_SUBNETS, TelehookError } from "../../mod.ts";
import { addressCheck } from "../../src/guard/address_ranges.ts";
import { parseIpAddress } from "../../src/guard/ip_address.ts";

const shown = (address: string) => parseIpAddress(address)?.map((group) => group.toString(16)).join(":");
const inRange = (range: string, address: string) => addressCheck("test", [range])(address);

describe("an IP address", () => {
  const addresses: readonly (readonly [text: string, groups: string])[] = [
    ["0.0.0.0", "0:0:0:0:0:ffff:0:0"],
    ["255.255.255.255", "0:0:0:0:0:ffff:ffff:ffff"],
    ["149.154.167.220", "0:0:0:0:0:ffff:959a:a7dc"],
    ["::ffff:149.154.167.220", "0:0:0:0:0:ffff:959a:a7dc"],
    ["::FFFF:959a:a7dc", "0:0:0:0:0:ffff:959a:a7dc"],
    ["0:0:0:0:0:ffff:149.154.167.220", "0:0:0:0:0:ffff:959a:a7dc"],
    ["::", "0:0:0:0:0:0:0:0"],
    ["::1", "0:0:0:0:0:0:0:1"],
    ["1::", "1:0:0:0:0:0:0:0"],
    ["2001:db8::8:800:200c:417a", "2001:db8:0:0:8:800:200c:417a"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["64:ff9b::192.0.2.33", "64:ff9b:0:0:0:0:c000:221"],
    ["fe80::1%eth0", "fe80:0:0:0:0:0:0:1"],
    ["fe80::1%25eth0", "fe80:0:0:0:0:0:0:1"],
    ["0001:0002::", "1:2:0:0:0:0:0:0"],
  ];
  for (const [text, groups] of addresses) it(`${text} is ${groups}`, () => assert.equal(shown(text), groups));

  const none = [
    "",
    " ",
    "localhost",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.",
    ".1.2.3",
    "1..2.3",
    "256.0.0.1",
    "1.2.3.999",
    "010.0.0.1",
    "1.2.3.04",
    "0x7f.0.0.1",
    "2130706433",
    "127.1",
    "1.2.3.4 ",
    " 1.2.3.4",
    "1.2.3.4\n",
    "+1.2.3.4",
    "-1.2.3.4",
    "1e1.2.3.4",
    "１.2.3.4",
    "1.2.3.4%eth0",
    "1.2.3.4/32",
    "1.2.3.4:80",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7:",
    ":1:2:3:4:5:6:7",
    "12345::",
    "g::",
    "::1.2.3",
    "::1.2.3.4.5",
    "::256.1.1.1",
    "::1.2.3.4:5",
    "1.2.3.4::",
    "1.2.3.4::1",
    "1:2:3:4:5:6:7:1.2.3.4",
    "[::1]",
    "::1/128",
    "::ffff:010.0.0.1",
    "%eth0",
    "::0x1",
  ];
  for (const text of none) {
    it(`${JSON.stringify(text)} is none`, () => assert.equal(parseIpAddress(text), undefined));
  }
});

describe("an address range", () => {
  const pairs: readonly (readonly [range: string, inside: readonly string[], outside: readonly string[]])[] =
    [
      ["10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"], [
        "9.255.255.255",
        "11.0.0.0",
        "::10.0.0.0",
      ]],
      ["10.1.2.3/8", ["10.9.9.9"], ["11.1.2.3"]],
      ["192.0.2.1", ["192.0.2.1", "::ffff:c000:201"], ["192.0.2.0", "192.0.2.2"]],
      ["192.0.2.1/32", ["192.0.2.1"], ["192.0.2.0"]],
      ["192.0.2.0/31", ["192.0.2.0", "192.0.2.1"], ["192.0.2.2", "192.0.1.255"]],
      ["192.0.2.128/25", ["192.0.2.128", "192.0.2.255"], ["192.0.2.127", "192.0.3.0"]],
      ["0.0.0.0/0", ["0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4"], ["::", "::1", "2001:db8::1"]],
      ["128.0.0.0/1", ["128.0.0.0", "255.0.0.1"], ["127.255.255.255"]],
      ["::1", ["::1", "0:0:0:0:0:0:0:1"], ["::", "::2", "127.0.0.1"]],
      ["2001:db8::/32", ["2001:db8::", "2001:db8:ffff::1"], ["2001:db7:ffff::", "2001:db9::"]],
      ["2001:db8::/127", ["2001:db8::1"], ["2001:db8::2"]],
      ["2001:db8::/17", ["2001:ff::"], ["2001:8000::"]],
      ["::/0", ["::1", "2001:db8::1", "1.2.3.4"], []],
      ["::ffff:10.0.0.0/104", ["10.200.0.1"], ["11.0.0.1"]],
      ["fe80::/10", ["fe80::1%eth0", "febf::1"], ["fec0::1"]],
    ];
  for (const [range, inside, outside] of pairs) {
    it(range, () => {
      for (const address of inside) assert.equal(inRange(range, address), true, address);
      for (const address of [...outside, "", "garbage"]) {
        assert.equal(inRange(range, address), false, address);
      }
    });
  }

  it("telegram is both of its subnets to their ends, and nothing beyond", () => {
    const check = addressCheck("test", ["telegram"]);
    for (
      const inside of [
        "149.154.160.0",
        "149.154.175.255",
        "91.108.4.0",
        "91.108.7.255",
        "::ffff:149.154.167.220",
      ]
    ) {
      assert.equal(check(inside), true, inside);
    }
    for (
      const outside of [
        "149.154.159.255",
        "149.154.176.0",
        "91.108.3.255",
        "91.108.8.0",
        "127.0.0.1",
        "telegram",
      ]
    ) {
      assert.equal(check(outside), false, outside);
    }
    assert.deepEqual(TELEGRAM_SUBNETS, ["149.154.160.0/20", "91.108.4.0/22"]);
  });

  it("takes several together", () => {
    const check = addressCheck("test", ["192.0.2.1", "telegram", "2001:db8::/32"]);
    assert.deepEqual(["192.0.2.1", "91.108.4.1", "2001:db8::9", "192.0.2.2"].map(check), [
      true,
      true,
      true,
      false,
    ]);
  });

  const wrong: readonly unknown[] = [
    undefined,
    null,
    "telegram",
    {},
    [],
    [""],
    ["Telegram"],
    ["10.0.0.0/33"],
    ["10.0.0.0/"],
    ["10.0.0.0/-1"],
    ["10.0.0.0/8/8"],
    ["10.0.0.0/8.0"],
    ["10.0.0.0/ 8"],
    ["10.0.0.0/0x8"],
    ["10.0.0.0/255.0.0.0"],
    ["10.0.0.0/8%x"],
    ["10.0.0.0%x/8"],
    ["10/8"],
    ["10.*"],
    ["10.0.0.1-10.0.0.9"],
    ["::/129"],
    ["example.org"],
    [5],
    [null],
    [["10.0.0.0/8"]],
    ["192.0.2.1", "nonsense"],
  ];
  for (const list of wrong) {
    it(`cannot be read from ${JSON.stringify(list)}`, () => {
      assert.throws(() => addressCheck("allowedAddresses", list), (error) => {
        assert.ok(error instanceof TelehookError);
        assert.equal(error.code, "ERR_ADDRESS");
        assert.match(error.message, /"allowedAddresses"/);
        return true;
      });
    });
  }
});
