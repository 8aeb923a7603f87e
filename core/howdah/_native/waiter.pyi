from howdah.io.waiter import Waiter as Waiter
