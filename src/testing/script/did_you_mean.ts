import { closestWord } from "../../text/closest_word.ts";

/** What somebody may write who means something else, here or elsewhere. */
const MEANT: Readonly<Record<string, readonly string[]>> = {
  sends: ["posts"],
  sendsAlbum: ["postsAlbum"],
  posts: ["sends"],
  postsAlbum: ["sendsAlbum"],
  says: ["sends", "posts"],
  writes: ["sends", "posts"],
  clicks: ["presses"],
  waitFor: ["nextCall"],
  waitForCall: ["nextCall"],
  strangerPosts: ["unauthenticatedPost"],
};

/** Names that runtimes and assertion libraries look for on any object. */
const PROBED: ReadonlySet<string> = new Set(["then", "toJSON", "inspect"]);

/**
 * Has calls of methods that a class does not have throw a `TypeError` that names the method that was meant. Reading what
 * is not there still gives `undefined`, unless it is near a name that is.
 *
 * @param type A class that extends nothing.
 * @param what What the error calls an object of it.
 * @param instead For names in {@link MEANT} that the class has no counterpart of: what to write instead.
 */
export function suggestNames(type: { prototype: object }, what: string, instead?: string): void {
  const base = new Proxy(Object.prototype, {
    get(target, name, receiver) {
      if (typeof name !== "string" || name in target || PROBED.has(name)) {
        return Reflect.get(target, name, receiver);
      }
      const meant = meantBy(name, receiver, what) ?? (name in MEANT ? instead : undefined);
      if (meant === undefined) return undefined;
      return () => {
        throw new TypeError(`${what}.${name} is not a function: did you mean ${meant}?`);
      };
    },
  });
  Object.setPrototypeOf(type.prototype, base);
}

function meantBy(name: string, object: object, what: string): string | undefined {
  const names = new Map(namesOf(object).map((each) => [each.toLowerCase(), each]));
  const synonym = MEANT[name]?.find((each) => names.get(each.toLowerCase()) === each);
  const near = synonym ?? names.get(closestWord(name, [...names.keys()]) ?? "");
  return near === undefined ? undefined : `${what}.${near}`;
}

function namesOf(object: object): string[] {
  const names: string[] = Object.getOwnPropertyNames(object);
  let prototype: object | null = Object.getPrototypeOf(object);
  while (prototype && prototype !== Object.prototype && Object.hasOwn(prototype, "constructor")) {
    names.push(...Object.getOwnPropertyNames(prototype));
    prototype = Object.getPrototypeOf(prototype);
  }
  return names.filter((name) => name !== "constructor");
}
