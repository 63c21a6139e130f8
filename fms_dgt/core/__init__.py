"""The nouns: task, source, row, flow, stages, builder, kit, generator, validator, template, reply.

Pure: nothing here knows the engine, a plugin or the command line. Plugins import from this package.
"""
