from howdah_multiplex.cached_queries import CachedQueries as CachedQueries
from howdah_multiplex.cached_queries import Sharing as Sharing
