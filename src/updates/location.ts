import type { User } from "./user.ts";

/** A point on the map. [Bot API](https://core.telegram.org/bots/api#location) */
export interface Location {
  /** In degrees. */
  latitude: number;
  /** In degrees. */
  longitude: number;
  /** Radius of uncertainty in metres; 0 to 1500. */
  horizontal_accuracy?: number;
  /** Seconds after the message's date during which it may move. */
  live_period?: number;
  /** Direction of movement in degrees; 1 to 360. */
  heading?: number;
  /** Distance in metres at which an alert is sent. */
  proximity_alert_radius?: number;
}

/** A place with a name. [Bot API](https://core.telegram.org/bots/api#venue) */
export interface Venue {
  /** Where it is; never live. */
  location: Location;
  /** Its name. */
  title: string;
  /** Its address. */
  address: string;
  /** Its id at Foursquare. */
  foursquare_id?: string;
  /** Its category at Foursquare, such as `food/icecream`. */
  foursquare_type?: string;
  /** Its id at Google Places. */
  google_place_id?: string;
  /** Its category at Google Places. */
  google_place_type?: string;
}

/**
 * Someone came near another who shares a live location.
 * [Bot API](https://core.telegram.org/bots/api#proximityalerttriggered)
 */
export interface ProximityAlertTriggered {
  /** Who came near. */
  traveler: User;
  /** Who had set the alert. */
  watcher: User;
  /** In metres. */
  distance: number;
}
