"From any file to one kind of film, and from pixels to the model's grid and back"
import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs={
    'geometry': [
        'boxes_to_mask',
        'mask_to_box',
        'box_area',
        'iou',
        'clip_boxes',
        'hflip',
        'hflip_boxes',
        'hflip_regions',
        'Geometry',
        'area_resize',
    ],
    'images': [
        'MAX_PIXELS',
        'Film',
        'file_kind',
        'read_film',
        'read_square',
        'save_dicom',
        'film_size',
    ],
    'rle': [
        'DIALECTS',
        'rle_encode',
        'rle_decode',
        'coco_decode',
        'coco_encode',
        'polygon_mask',
    ],
})
