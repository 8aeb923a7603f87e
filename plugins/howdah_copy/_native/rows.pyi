from howdah_copy.rows import CopyDecoder as CopyDecoder
from howdah_copy.rows import CopyEncoder as CopyEncoder
