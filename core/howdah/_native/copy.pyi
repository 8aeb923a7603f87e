from howdah.adapt.copyrows import CopyDecoder as CopyDecoder
from howdah.adapt.copyrows import CopyEncoder as CopyEncoder
