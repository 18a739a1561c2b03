import type { Chat } from "./chat.ts";
import type { Message } from "./message.ts";
import type { MessageEntity } from "./message_text.ts";
import type { User } from "./user.ts";

/** A list of tasks to tick. [Bot API](https://core.telegram.org/bots/api#checklist) */
export interface Checklist {
  /** Its title. */
  title: string;
  /** Formatting in `title`. */
  title_entities?: MessageEntity[];
  /** Its tasks. */
  tasks: ChecklistTask[];
  /** Not only the author may add tasks. */
  others_can_add_tasks?: true;
  /** Not only the author may tick tasks. */
  others_can_mark_tasks_as_done?: true;
}

/** A task of a checklist. [Bot API](https://core.telegram.org/bots/api#checklisttask) */
export interface ChecklistTask {
  /** Unique within its list. */
  id: number;
  /** The task. */
  text: string;
  /** Formatting in `text`. */
  text_entities?: MessageEntity[];
  /** Who ticked it. */
  completed_by_user?: User;
  /** The chat that ticked it. */
  completed_by_chat?: Chat;
  /** When, in Unix seconds; 0 if not ticked. */
  completion_date?: number;
}

/** Tasks were ticked or unticked. [Bot API](https://core.telegram.org/bots/api#checklisttasksdone) */
export interface ChecklistTasksDone {
  /** The checklist's message; holds no `reply_to_message`. */
  checklist_message?: Message;
  /** Tasks that were ticked. */
  marked_as_done_task_ids?: number[];
  /** Tasks that were unticked. */
  marked_as_not_done_task_ids?: number[];
}

/** Tasks were added to a checklist. [Bot API](https://core.telegram.org/bots/api#checklisttasksadded) */
export interface ChecklistTasksAdded {
  /** The checklist's message; holds no `reply_to_message`. */
  checklist_message?: Message;
  /** The new tasks. */
  tasks: ChecklistTask[];
}
