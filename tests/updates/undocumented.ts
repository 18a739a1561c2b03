/**
 * The types of the fields that Telegram sends without documenting them, as its server writes them. The facts
 * only list their names (`wire.undocumented_…`), and the test holds this list against those.
 */
export const UNDOCUMENTED_FIELDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Message: {
    forward_from: "User",
    forward_from_chat: "Chat",
    forward_from_message_id: "Integer",
    forward_signature: "String",
    forward_sender_name: "String",
    forward_date: "Integer",
    new_chat_participant: "User",
    new_chat_member: "User",
    left_chat_participant: "User",
    user_shared: "UserShared",
    voice_chat_scheduled: "VideoChatScheduled",
    voice_chat_started: "VideoChatStarted",
    voice_chat_ended: "VideoChatEnded",
    voice_chat_participants_invited: "VideoChatParticipantsInvited",
  },
  Chat: { all_members_are_administrators: "Boolean", accepted_gift_types: "AcceptedGiftTypes" },
  ChatMemberAdministrator: { can_manage_voice_chats: "Boolean" },
  UsersShared: { user_ids: "Array of Integer" },
  UniqueGiftInfo: { last_resale_star_count: "Integer" },
  PollOptionAdded: { option_entities: "Array of MessageEntity" },
  PollOptionDeleted: { option_entities: "Array of MessageEntity" },
  Poll: { correct_option_id: "Integer" },
  Animation: { thumb: "PhotoSize" },
  Audio: { thumb: "PhotoSize" },
  Document: { thumb: "PhotoSize" },
  Sticker: { thumb: "PhotoSize" },
  Video: { thumb: "PhotoSize" },
  VideoNote: { thumb: "PhotoSize" },
};

/** Objects that only undocumented fields hold. */
export const UNDOCUMENTED_OBJECTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  AcceptedGiftTypes: {
    unlimited_gifts: "Boolean",
    limited_gifts: "Boolean",
    unique_gifts: "Boolean",
    premium_subscription: "Boolean",
    gifts_from_channels: "Boolean",
  },
  UserShared: { user_id: "Integer", request_id: "Integer" },
};
